"""`deepaas predict --each`: one prediction for each of many files."""

from __future__ import annotations

import base64
import glob
import json
from typing import TYPE_CHECKING, Any

from deepaas.errors import ConfigurationError, DeepaasError, InvalidInputError
from deepaas.model.media_types import essence, is_json

if TYPE_CHECKING:
    from deepaas.cli.answers import Answer, Target
    from deepaas.model.arguments import Inputs


def argument_of(text: str) -> str:
    """Return the argument in `ARGUMENT=PATTERN`."""
    return text.partition("=")[0].removeprefix("--")


def find_files(text: str) -> list[str]:
    """Return the files that `ARGUMENT=PATTERN` names, in the order of their names.

    Raises:
        ConfigurationError: It names none, or is written in another way.
    """
    name, separator, pattern = text.partition("=")
    if not separator or not name or not pattern:
        raise ConfigurationError(
            f"--each {text} has to be written as ARGUMENT=PATTERN, such as "
            "'photo=photos/*.jpg'"
        )
    # The name itself first: it may have characters that mean something in a pattern.
    found = glob.glob(glob.escape(pattern)) or sorted(  # noqa: PTH207 - also absolute patterns
        glob.glob(pattern, recursive=True)  # noqa: PTH207 - as above
    )
    if not found:
        raise ConfigurationError(f"no file is named as --each says: {pattern}")
    return found


def line_for(target: Target, inputs: Inputs, *, accept: str) -> dict[str, Any]:
    """Return what there is to say of one prediction: its result, or its problem."""
    try:
        answer = target.predict(inputs, accept=accept)
        content = b"".join(answer.pieces)
    except DeepaasError as error:
        return {"problem": problem_of(error)}
    return {"result": plain(answer, content)}


def plain(answer: Answer, content: bytes) -> Any:
    """Return a result as JSON can hold it."""
    if is_json(answer.media_type):
        return json.loads(content)
    media_type = essence(answer.media_type)
    if media_type == "application/x-ndjson":
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    if media_type.startswith("text/"):
        return content.decode("utf-8", "replace")
    value = base64.b64encode(content).decode("ascii")
    return {"value": value, "mediaType": answer.media_type}


def problem_of(error: DeepaasError) -> dict[str, Any]:
    """Return an error as a problem (RFC 9457)."""
    problem: dict[str, Any] = {
        "type": f"urn:deepaas:problem:{error.code.replace('_', '-')}",
        "detail": error.detail,
    }
    if isinstance(error, InvalidInputError) and error.errors:
        problem["errors"] = [
            {"pointer": f"#{one.pointer}", "detail": one.detail} for one in error.errors
        ]
    return problem


def encode(line: dict[str, Any]) -> bytes:
    """Return a line of NDJSON."""
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
