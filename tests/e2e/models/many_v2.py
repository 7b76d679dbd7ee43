"""A 2.x model with a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webargs import fields


def get_metadata() -> dict[str, str]:
    return {"name": "many_v2"}


def get_predict_args() -> dict[str, fields.Field]:
    return {
        "photo": fields.Field(
            required=True, metadata={"type": "file", "location": "form"}
        ),
        "x": fields.Int(load_default=1),
    }


def predict(**arguments: Any) -> dict[str, Any]:
    photo = arguments["photo"]
    content = Path(photo.filename).read_bytes()
    return {
        "x": arguments["x"],
        "content": content.decode(),
        "type": photo.content_type,
    }
