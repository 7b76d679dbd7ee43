"""A server's error answers, as the errors that they tell of.

The bodies are those of `deepaas.frontends.api.problems`; the inputs of a 2.x model are
refused with marshmallow's bare messages. What is neither comes from something between
us and the server, and is shown as it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from deepaas import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX: Final = "urn:deepaas:problem:"
_LONGEST_TEXT: Final = 500


def make_error(
    error_class: type[errors.DeepaasError], detail: str, **facts: Any
) -> errors.DeepaasError:
    """Return an error with a sentence that is composed already, and its facts."""
    error = error_class.__new__(error_class, detail)
    error.__dict__.update(facts)
    return error


def error_of_code(code: str, detail: str) -> errors.DeepaasError:
    """Return the error with this stable name."""
    return make_error(_classes().get(code, errors.OperationError), detail)


def error_of_answer(status: int, body: bytes) -> errors.DeepaasError:
    """Return the error that an answer tells of."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    match document:
        case {"type": str(urn), "detail": str(detail)} if urn.startswith(_PREFIX):
            return _error_of_problem(urn.removeprefix(_PREFIX), detail, document)
        case dict() if status in {400, 422}:
            return make_error(
                errors.InvalidInputError,
                "The inputs are not valid.",
                errors=tuple(_field_errors(document, "")),
            )
        case _:
            text = body.decode("utf-8", "replace").strip()[:_LONGEST_TEXT]
            return _error_of_status(status, text or "(no text)")


def _error_of_problem(
    name: str, detail: str, document: Mapping[str, Any]
) -> errors.DeepaasError:
    error = error_of_code(name.replace("-", "_"), detail)
    if isinstance(error, errors.InvalidInputError):
        error.errors = tuple(
            errors.FieldError(
                pointer=unquote(one["pointer"].removeprefix("#")), detail=one["detail"]
            )
            for one in document.get("errors", ())
        )
    return error


def _error_of_status(status: int, text: str) -> errors.DeepaasError:
    detail = f"The server answered {status}: {text}"
    if status in {502, 503, 504}:
        return errors.UnavailableError(detail)
    if status < 500:
        return errors.RequestError(detail)
    return errors.OperationError(detail)


def _field_errors(messages: Any, pointer: str) -> Iterator[errors.FieldError]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = name.replace("~", "~0").replace("/", "~1")
            yield from _field_errors(inner, f"{pointer}/{step}")
    elif isinstance(messages, list):
        for inner in messages:
            yield from _field_errors(inner, pointer)
    else:
        yield errors.FieldError(pointer=pointer, detail=str(messages))


def _classes(
    base: type[errors.DeepaasError] = errors.DeepaasError,
) -> dict[str, type[errors.DeepaasError]]:
    """Return all errors by their stable names."""
    found = {base.code: base}
    for error_class in base.__subclasses__():
        found |= _classes(error_class)
    return found
