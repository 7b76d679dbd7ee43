"""A plain invocation: a model's prediction, without HTTP.

    {"model": "plants", "operation": "predict", "args": {"text": "a rose"}}

The model may be left out where there is only one, and the operation where it is to
predict. Without `args` all other members are arguments. An array, as the action before
in a sequence may return it, is the model's only argument, or the only one that takes an
array.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas import errors, messages
from deepaas.frontends.openwhisk import media
from deepaas.model.interface import OPERATIONS
from deepaas.model.media_types import is_json
from deepaas.runtime.prediction import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.prediction import Outcome

_NOT_ARGUMENTS: Final = ("model", "operation", "args")
_JSON: Final = "application/json"
_ACCEPT: Final = f"{_JSON}, text/plain;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What is asked for."""

    model: str
    operation: str
    arguments: dict[str, Any]


async def invoke(
    plane: DataPlane, value: dict[str, Any] | list[Any], *, request_id: str
) -> bytes:
    """Return the result of an invocation: a JSON object or array.

    Args:
        plane: The models.
        value: What the caller has sent.
        request_id: The id under which the log knows the request.

    Raises:
        DeepaasError: The caller or the model did something wrong.
    """
    asked = read_invocation(value, plane.descriptions())
    if asked.operation != "predict":
        raise errors.JobsDisabledError
    record = messages.Predict(
        seq=0, request_id=request_id, envelope="arguments", accept=_ACCEPT
    )
    body = msgspec.json.encode(asked.arguments)
    outcome = await plane.submit(asked.model, record, body=body).outcome
    content = await _content(outcome)
    result = bare_result(content, media_type=outcome.media_type)
    media.check_size(result)
    return result


def read_invocation(
    value: dict[str, Any] | list[Any],
    models: Mapping[str, messages.ModelDescription],
) -> Invocation:
    """Return what an invocation asks for.

    Raises:
        DeepaasError: It cannot be understood.
    """
    if isinstance(value, list):
        model = _model(None, models)
        arguments = {_array_argument(model, models): value}
        return Invocation(model=model, operation="predict", arguments=arguments)
    return Invocation(
        model=_model(value.get("model"), models),
        operation=_operation(value.get("operation", "predict")),
        arguments=_arguments(value),
    )


def bare_result(content: bytes | bytearray, *, media_type: str) -> bytes:
    """Return a result as the JSON object or array that the platform wants."""
    if is_json(media_type):
        if content.lstrip()[:1] in (b"{", b"["):
            return bytes(content)
        return b'{"result":' + content + b"}"
    if media.is_text(media_type):
        text = content.decode(media.charset(media_type), "replace")
    else:
        text = base64.b64encode(content).decode("ascii")
    return msgspec.json.encode({"result": text})


def _model(name: object, models: Mapping[str, messages.ModelDescription]) -> str:
    if isinstance(name, str):
        return name  # the data plane knows what is not there
    if name is None and len(models) == 1:
        return next(iter(models))
    there = ", ".join(models)
    raise _wrong("/model", f"Name one of these models in `model`: {there}.")


def _operation(name: object) -> str:
    if name not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise _wrong("/operation", f"There are these operations: {known}.")
    return str(name)


def _arguments(value: dict[str, Any]) -> dict[str, Any]:
    if "args" not in value:
        return {
            name: one
            for name, one in value.items()
            if name not in _NOT_ARGUMENTS and not name.startswith("__ow_")
        }
    arguments = value["args"]
    if not isinstance(arguments, dict):
        raise _wrong("/args", "The arguments are an object, by their names.")
    return arguments


def _array_argument(model: str, models: Mapping[str, messages.ModelDescription]) -> str:
    operation = models[model].operations.get("predict")
    arguments = operation.arguments if operation else ()
    suitable = [one for one in arguments if one.is_list] or arguments
    if len(suitable) != 1:
        raise _wrong(
            "",
            "It is not clear which argument of the model this array is; "
            'send an object, such as {"args": {...}}.',
        )
    return suitable[0].name


def _wrong(pointer: str, detail: str) -> errors.InvalidInputError:
    return errors.InvalidInputError(
        errors=(errors.FieldError(pointer=pointer, detail=detail),)
    )


async def _content(outcome: Outcome) -> bytes | bytearray:
    """Return the bytes of a result; its file is removed, its stream ended.

    Raises:
        ResultTooLargeError: There are too many.
    """
    if isinstance(outcome, Result):
        return _read_file(Path(outcome.path)) if outcome.path else outcome.body
    pieces = bytearray()
    try:
        async for piece in outcome:
            pieces += piece
            media.check_size(pieces)
    finally:
        outcome.close()
    return pieces


def _read_file(path: Path) -> bytes:
    """Return what is in a file, or as much as tells that it is too large."""
    with path.open("rb") as file:
        path.unlink()
        return file.read(media.MOST_BYTES + 1)
