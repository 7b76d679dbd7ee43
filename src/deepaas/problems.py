"""Errors as documents: the problems of RFC 9457.

`STATUS` is the one table from errors to statuses; an error that is not in it has the
status of its nearest ancestor that is. Nothing else in the program gives an error of
`deepaas.errors` a status.

Four kinds of clients look for the message under four names, so each document says it as
`detail` (RFC 9457), `error` (Open Inference, OpenWhisk) and `message` (DEEPaaS 2.x).
The problem type is `urn:deepaas:problem:` and the error's `code` with hyphens: stable,
and not an address that might one day lead nowhere. What is wrong with single arguments
stands in `errors`, each with a JSON Pointer as URI fragment (RFC 6901, part 6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from deepaas import errors

STATUS: Final[dict[type[errors.DeepaasError], HTTPStatus]] = {
    errors.DeepaasError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ModelLoadError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.SignatureError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.RequestError: HTTPStatus.BAD_REQUEST,
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InputChoiceError: HTTPStatus.BAD_REQUEST,
    errors.MalformedBodyError: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    errors.ModelNotFoundError: HTTPStatus.NOT_FOUND,
    errors.VersionNotFoundError: HTTPStatus.NOT_FOUND,
    errors.VersionInUseError: HTTPStatus.CONFLICT,
    errors.ExtensionNotOfferedError: HTTPStatus.NOT_FOUND,
    errors.ProcessNotFoundError: HTTPStatus.NOT_FOUND,
    errors.JobNotFoundError: HTTPStatus.NOT_FOUND,
    errors.JobRemovedError: HTTPStatus.GONE,
    errors.ResultNotReadyError: HTTPStatus.NOT_FOUND,
    errors.JobDismissedError: HTTPStatus.GONE,
    errors.ArtifactNotFoundError: HTTPStatus.NOT_FOUND,
    errors.OutputNotFoundError: HTTPStatus.NOT_FOUND,
    errors.InvalidParameterError: HTTPStatus.BAD_REQUEST,
    errors.JobChangedError: HTTPStatus.PRECONDITION_FAILED,
    errors.JobStateConflictError: HTTPStatus.CONFLICT,
    errors.IdempotencyMismatchError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyInFlightError: HTTPStatus.CONFLICT,
    errors.OperationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.OperationNotImplementedError: HTTPStatus.NOT_IMPLEMENTED,
    errors.OperationDisabledError: HTTPStatus.PAYMENT_REQUIRED,
    errors.JobFailedError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.JobsDisabledError: HTTPStatus.NOT_IMPLEMENTED,
    errors.ModelError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ModelHttpError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.BadOutputError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ResultTooLargeError: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.QueueFullError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ModelUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DrainingError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DeadlineError: HTTPStatus.GATEWAY_TIMEOUT,
    errors.WorkerDiedError: HTTPStatus.BAD_GATEWAY,
    errors.TooManyJobsError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of each error; a `ModelHttpError` brings its own if that is an error's."""

_OGC_EXCEPTIONS: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
_OGC_TYPES: Final[dict[type[errors.DeepaasError], str]] = {
    errors.ProcessNotFoundError: f"{_OGC_EXCEPTIONS}/no-such-process",
    errors.JobNotFoundError: f"{_OGC_EXCEPTIONS}/no-such-job",
    errors.ResultNotReadyError: f"{_OGC_EXCEPTIONS}/result-not-ready",
}
"""The types that OGC API Processes (18-062r2) has for some problems."""

_MEMBERS: Final[dict[type[errors.DeepaasError], tuple[str, ...]]] = {
    errors.UnsupportedMediaTypeError: ("supported",),
    errors.BodyTooLargeError: ("limit_bytes",),
    errors.ResultTooLargeError: ("limit_bytes",),
    errors.NotAcceptableError: ("available",),
    errors.JobFailedError: ("cause",),
    errors.WorkerDiedError: ("cause", "exit_status", "signal"),
}
"""Facts of an error that its problem document carries as extension members."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that went wrong, as HTTP clients are told of it.

    Attributes:
        status: The HTTP status.
        code: The stable, machine-readable name, such as `invalid_input`.
        title: What kind of problem it is; the same each time.
        detail: What is wrong this time, in a sentence.
        members: Extension members of the document.
        headers: Further headers of the answer, such as Allow.
        type_uri: The type where a standard names one, or empty for our own.
    """

    status: int
    code: str
    title: str
    detail: str
    members: dict[str, Any] = field(default_factory=dict)
    headers: tuple[Header, ...] = ()
    type_uri: str = ""


def problem_of(error: errors.DeepaasError) -> Problem:
    """Return `error` as HTTP clients are told of it."""
    return Problem(
        status=status_of(error),
        code=error.code,
        title=_title(error),
        detail=error.detail,
        members=_members(error),
        headers=_headers(error),
        type_uri=_OGC_TYPES.get(type(error), ""),
    )


def status_of(error: errors.DeepaasError) -> int:
    """Return the HTTP status for `error`."""
    if isinstance(error, errors.ModelHttpError) and 400 <= error.status <= 599:
        return error.status
    return STATUS[_known_class(error)]


def document_of(problem: Problem, *, request_id: str) -> dict[str, Any]:
    """Return `problem` as a document.

    Args:
        problem: What went wrong.
        request_id: The id under which the log knows the request.
    """
    detail = _encodable(problem.detail)
    return {
        "type": problem.type_uri
        or f"urn:deepaas:problem:{problem.code.replace('_', '-')}",
        "title": problem.title,
        "status": int(problem.status),
        "detail": detail,
        "instance": f"urn:deepaas:request:{quote(request_id)}",
        "error": detail,
        "message": detail,
        "request_id": request_id,
        **problem.members,
    }


def _known_class(error: errors.DeepaasError) -> type[errors.DeepaasError]:
    return next(cls for cls in type(error).__mro__ if cls in STATUS)


def _title(error: errors.DeepaasError) -> str:
    first_line = (_known_class(error).__doc__ or "").partition("\n")[0]
    return first_line.rstrip(".")


def _members(error: errors.DeepaasError) -> dict[str, Any]:
    names = _MEMBERS.get(_known_class(error), ())
    members = {name: getattr(error, name) for name in names}
    if isinstance(error, errors.InvalidInputError) and error.errors:
        members["errors"] = [_field_error(one) for one in error.errors]
    return {name: value for name, value in members.items() if value is not None}


def _field_error(error: errors.FieldError) -> dict[str, str]:
    fragment = quote(_encodable(error.pointer), safe="/~!$&'()*+,;=:@")
    return {"detail": _encodable(error.detail), "pointer": f"#{fragment}"}


def _headers(error: errors.DeepaasError) -> tuple[Header, ...]:
    if isinstance(error, errors.UnsupportedMediaTypeError):
        return ((b"accept", ", ".join(error.supported).encode("ascii")),)
    if isinstance(error, errors.UnavailableError) and (seconds := _wait_s(error)):
        return ((b"retry-after", str(seconds).encode("ascii")),)
    return ()


def _wait_s(error: errors.UnavailableError) -> int | None:
    """Return the whole seconds for Retry-After, which each 503 has."""
    if error.retry_after_s is not None:
        return max(1, math.ceil(error.retry_after_s))
    return 1 if status_of(error) == HTTPStatus.SERVICE_UNAVAILABLE else None


def _encodable(text: str) -> str:
    """Return `text` without lone surrogates, which UTF-8 does not have."""
    return text.encode("utf-8", "replace").decode("utf-8")
