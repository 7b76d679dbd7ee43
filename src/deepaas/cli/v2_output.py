"""Results as `deepaas-cli` writes them: on one line, or into a file."""

from __future__ import annotations

import json
import mimetypes
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from deepaas.model.results import Encoded
    from deepaas.worker.inline import InlineWorker
    from deepaas.worker.runner import Call


def json_text(value: Any) -> str:
    """Return a value as JSON on one line.

    Raises:
        BadOutputError: Something in it has no form in JSON.
    """
    # Imported here: it brings marshmallow, which `--help` can do without.
    from deepaas.model.legacy.plain import encode_json

    return json.dumps(json.loads(encode_json(value)))


def python_text(value: Any) -> str:
    """Return a value as Python shows it, on one line unless it is a text itself."""
    if isinstance(value, str):
        return value
    return " ".join(line.strip() for line in str(value).splitlines())


def save(path: str, content: bytes) -> None:
    """Write a file, and the folders that lead to it.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}"
        ) from error


def save_prediction(path: str, result: Any, *, call: Call, worker: InlineWorker) -> str:
    """Write a prediction to a file whose name says what it is.

    Returns:
        The name, with another extension at its end where that of `path` is wrong.

    Raises:
        BadOutputError: The result cannot be represented.
        ConfigurationError: The file cannot be written.
    """
    encoded = worker.encode(call, result)
    media_type = encoded.media_type.partition(";")[0].strip()
    if media_type == "application/json":
        path = _with_extension(path, ".json")
        save(path, json_text(result).encode())
    else:
        path = _with_extension(path, mimetypes.guess_extension(media_type) or "")
        _save_encoded(path, encoded)
    return path


def _with_extension(path: str, extension: str) -> str:
    return path if not extension or path.endswith(extension) else path + extension


def _save_encoded(path: str, encoded: Encoded) -> None:
    save(path, bytes(encoded.body))
    if encoded.path:
        shutil.copyfile(encoded.path, path)
