"""The same model as its neighbours, as DEEPaaS 2.x wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webargs import fields


def get_metadata() -> dict[str, str]:
    return {"name": "of_2x"}


def get_predict_args() -> dict[str, fields.Field]:
    return {
        "data": fields.Field(
            required=True, metadata={"type": "file", "location": "form"}
        ),
        "factor": fields.Float(load_default=1.0),
    }


def predict(**arguments: Any) -> dict[str, Any]:
    content = Path(arguments["data"].filename).read_bytes()
    return {"size": len(content), "weight": sum(content) * arguments["factor"]}
