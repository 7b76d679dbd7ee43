"""Turns errors into HTTP answers: documents of `deepaas.problems`, on their way out.

The clients of 2.x models expect marshmallow's messages, bare, where an argument is
wrong (422) or the JSON is (400).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from deepaas import errors
from deepaas.problems import (
    STATUS,
    Header,
    Problem,
    document_of,
    problem_of,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "JSON_MEDIA_TYPE",
    "PROBLEM_MEDIA_TYPE",
    "STATUS",
    "Header",
    "Problem",
    "ProblemAnswer",
    "body_answer",
    "host_not_allowed",
    "method_not_allowed",
    "problem_media_type",
    "problem_of",
    "render",
    "render_problem",
    "route_not_found",
    "status_of",
]

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
JSON_MEDIA_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemAnswer:
    """An answer that is ready to be sent.

    Attributes:
        status: The HTTP status.
        headers: In lower case, as ASGI wants them.
        body: The document.
    """

    status: int
    headers: list[Header]
    body: bytes


def render(
    error: errors.DeepaasError,
    *,
    request_id: str,
    accept: str = "",
    kind: str = "native",
) -> ProblemAnswer:
    """Return the answer for `error`.

    Args:
        error: What went wrong.
        request_id: The id under which the log knows the request.
        accept: The caller's Accept header, or empty.
        kind: The kind of the model that was asked; `v2` has bodies of its own. `ogc`
            stands for any model that was asked as a process, where wrong inputs are
            a bad request; `inference` for any that was asked for tensors: there they
            are as well, clients show the sentence alone, and want plain JSON.
    """
    if kind == "v2" and (messages := _messages(error)) is not None:
        return body_answer(status_of(error), msgspec.json.encode(messages))
    problem = problem_of(error)
    if kind in ("ogc", "inference") and isinstance(error, errors.InvalidInputError):
        problem = replace(problem, status=HTTPStatus.BAD_REQUEST)
    if kind == "inference":
        problem = replace(problem, detail=str(error) or error.detail)
        accept = accept if PROBLEM_MEDIA_TYPE in accept else JSON_MEDIA_TYPE
    return render_problem(problem, request_id=request_id, accept=accept)


def render_problem(
    problem: Problem, *, request_id: str, accept: str = ""
) -> ProblemAnswer:
    """Return the answer for `problem`; see `render`."""
    document = document_of(problem, request_id=request_id)
    return body_answer(
        problem.status,
        msgspec.json.encode(document),
        media_type=problem_media_type(accept),
        headers=problem.headers,
    )


def body_answer(
    status: int,
    body: bytes,
    *,
    media_type: str = JSON_MEDIA_TYPE,
    headers: Sequence[Header] = (),
) -> ProblemAnswer:
    """Return an answer that has a body of its own."""
    framing = [
        (b"content-type", media_type.encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    return ProblemAnswer(status=int(status), headers=[*framing, *headers], body=body)


def route_not_found(path: str) -> Problem:
    """Return the problem of an address that leads nowhere."""
    return Problem(
        status=HTTPStatus.NOT_FOUND,
        code="not_found",
        title="No such address",
        detail=f"There is nothing at {path!r}.",
    )


def method_not_allowed(method: str, *, allowed: Sequence[str]) -> Problem:
    """Return the problem of a method that the address does not know."""
    allow = ", ".join(allowed)
    return Problem(
        status=HTTPStatus.METHOD_NOT_ALLOWED,
        code="method_not_allowed",
        title="The address does not know this method",
        detail=f"{method} is not possible here; allowed: {allow}.",
        headers=((b"allow", allow.encode("ascii")),),
    )


def host_not_allowed(host: str) -> Problem:
    """Return the problem of a Host header that is missing or names another server."""
    return Problem(
        status=HTTPStatus.MISDIRECTED_REQUEST if host else HTTPStatus.BAD_REQUEST,
        code="host_not_allowed",
        title="The server does not answer for this host",
        detail=f"This server does not answer for the host {host!r}.",
    )


def problem_media_type(accept: str) -> str:
    """Return the media type of a problem document for a caller.

    Plain JSON goes to those who name it and not the problem type: clients of OGC
    services and of 2.x look for exactly that.
    """
    named = {_range_name(part) for part in accept.split(",")}
    if JSON_MEDIA_TYPE in named and PROBLEM_MEDIA_TYPE not in named:
        return JSON_MEDIA_TYPE
    return PROBLEM_MEDIA_TYPE


def _range_name(media_range: str) -> str:
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    is_refused = any(one in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for one in parameters)
    return "" if is_refused else name


def _messages(error: errors.DeepaasError) -> object:
    if isinstance(error, errors.InvalidInputError | errors.MalformedBodyError):
        return error.messages
    return None
