"""Reads the head of a request for an operation: what the worker has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepaas import errors, messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepaas.frontends.api.answers import Header


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request.

    Attributes:
        record: The request without its body.
        announced_bytes: The Content-Length header, or 0.
        prefer: The Prefer headers, joined, or empty.
    """

    record: messages.Predict
    announced_bytes: int
    prefer: str


def read_head(
    headers: Sequence[Header],
    *,
    query: bytes,
    request_id: str,
    operation: messages.OperationDescription | None,
) -> Head:
    """Return what the head of a request says.

    Args:
        headers: With their names in lower case.
        query: The query string.
        request_id: The id under which the log knows the request.
        operation: What the model wants to know, once it is loaded.

    Raises:
        UnsupportedMediaTypeError: The body is compressed.
    """
    content_type = accept = encoding = cookie = prefer = ""
    announced_bytes = 0
    for name, value in headers:
        if name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"accept":
            text = value.decode("latin-1")
            accept = f"{accept}, {text}" if accept else text
        elif name == b"content-length":
            announced_bytes = int(value)
        elif name == b"content-encoding":
            encoding = value.decode("latin-1")
        elif name == b"cookie":
            cookie = value.decode("latin-1")
        elif name == b"prefer":
            text = value.decode("latin-1")
            prefer = f"{prefer}, {text}" if prefer else text
    if encoding and encoding.lower() != "identity":
        raise errors.UnsupportedMediaTypeError(
            f"{content_type} with Content-Encoding {encoding}",
            supported=("the same without Content-Encoding",),
        )
    record = messages.Predict(
        seq=0,
        request_id=request_id,
        query=query,
        content_type=content_type,
        accept=accept,
    )
    if operation is not None:
        _add_what_arguments_read(record, headers, operation=operation, cookie=cookie)
    return Head(record, announced_bytes, prefer)


def _add_what_arguments_read(
    record: messages.Predict,
    headers: Sequence[Header],
    *,
    operation: messages.OperationDescription,
    cookie: str,
) -> None:
    """Add the headers and cookies that arguments of a 2.x model read."""
    if operation.header_names:
        wanted = {name.encode("latin-1") for name in operation.header_names}
        record.headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in wanted
        }
    if operation.uses_cookies:
        record.cookie = cookie
