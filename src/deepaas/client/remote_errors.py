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
_OGC_CODES: Final = {
    "no-such-process": errors.ProcessNotFoundError.code,
    "no-such-job": errors.JobNotFoundError.code,
    "result-not-ready": errors.ResultNotReadyError.code,
}
"""What OGC API Processes has types of its own for."""

_LONGEST_TEXT: Final = 500
_FACTS: Final = ("cause", "exit_status", "signal", "limit_bytes")
"""Members of a problem that are facts of the error."""


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
        case {"type": str(uri), "detail": str(detail)} if _last(uri) in _OGC_CODES:
            return error_of_code(_OGC_CODES[_last(uri)], detail)
        case dict() if status in {400, 422}:
            return make_error(
                errors.InvalidInputError,
                "The inputs are not valid.",
                errors=tuple(_field_errors(document, "")),
            )
        case _:
            text = body.decode("utf-8", "replace").strip()[:_LONGEST_TEXT]
            return _error_of_status(status, text or "(no text)")


def _last(uri: str) -> str:
    return uri.rpartition("/")[2]


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
    for fact in _FACTS:
        if fact in document:
            error.__dict__[fact] = document[fact]
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
