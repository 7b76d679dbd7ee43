"""Requests to the HTTP API as OpenWhisk's web actions carry them, and the answers.

`--web raw` passes a request on as it is, and is what to use. Without `raw` the platform
mixes query, form and JSON into one object, of which a request is made again.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlencode

import msgspec

from deepaas.frontends.openwhisk import media
from deepaas.model.media_types import is_json
from deepaas.problems import document_of, problem_of

if TYPE_CHECKING:
    from deepaas import errors

Header = tuple[bytes, bytes]

METHOD: Final = "__ow_method"
"""What each web action has, and nothing else."""

_OURS: Final = "__ow_"
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_JSON: Final = "application/json"
_REWRITTEN: Final = frozenset({"content-length", "transfer-encoding", "connection"})
_NOT_RETURNED: Final = frozenset(
    {"content-length", "transfer-encoding", "connection", "date", "server"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request to the API.

    Attributes:
        method: In upper case.
        path: Below the action's address, decoded; empty for that itself.
        query: The query string.
        headers: With lower-case names.
        body: The bytes.
    """

    method: str
    path: str
    query: bytes
    headers: list[Header]
    body: bytes

    def add_missing_header(self, name: bytes, value: bytes) -> None:
        """Add a header, unless the caller has sent one of that name."""
        if name not in dict(self.headers):
            self.headers.append((name, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """An answer of the API."""

    status: int
    headers: list[Header]
    body: bytes


def read_request(value: dict[str, Any]) -> WebRequest:
    """Return the request that the value of an activation carries."""
    method = str(value[METHOD]).upper()
    headers = _headers(value.get("__ow_headers"))
    path, _, query_in_path = _as_text(value.get("__ow_path")).partition("?")
    if "__ow_query" in value:
        query = str(value["__ow_query"] or "") or query_in_path
        content_type = headers.get("content-type", "")
        body = media.body_of(_as_text(value.get("__ow_body")), content_type)
    else:
        query, body = _take_apart(value, method=method, headers=headers)
    headers["content-length"] = str(len(body))
    return WebRequest(
        method=method,
        path=unquote(path),
        query=query.encode(errors="replace"),
        headers=[
            (name.encode("latin-1", "replace"), text.encode("latin-1", "replace"))
            for name, text in headers.items()
        ],
        body=body,
    )


def write_response(response: WebResponse) -> bytes:
    """Return the result of an activation that carries an answer.

    The platform marks those with an `error` as failed, and sends what is in it.

    Raises:
        ResultTooLargeError: The platform would cut it off.
    """
    headers: dict[str, Any] = {}
    for key, text in response.headers:
        name, value = key.decode("latin-1").lower(), text.decode("latin-1")
        if name in _NOT_RETURNED:
            continue
        if name in headers:
            before = headers[name]
            several = before if isinstance(before, list) else [before]
            headers[name] = [*several, value]
        else:
            headers[name] = value
    answer: dict[str, Any] = {"statusCode": response.status, "headers": headers}
    if response.body:
        answer["body"] = _body(response.body, str(headers.get("content-type", "")))
    if response.status >= 500:
        answer = {"error": answer}
    result = msgspec.json.encode(answer)
    media.check_size(result)
    return result


def write_problem(error: errors.DeepaasError, *, request_id: str) -> bytes:
    """Return the result of an activation that carries an error of ours."""
    problem = problem_of(error)
    document = document_of(problem, request_id=request_id)
    return write_response(
        WebResponse(
            status=problem.status,
            headers=[(b"content-type", b"application/problem+json")],
            body=msgspec.json.encode(document),
        )
    )


def _take_apart(
    value: dict[str, Any], *, method: str, headers: dict[str, str]
) -> tuple[str, bytes]:
    """Return query and body of what the platform has mixed; see `read_request`."""
    fields = {name: one for name, one in value.items() if not name.startswith(_OURS)}
    content = value.get("__ow_body")
    content_type = headers.get("content-type", "")
    if content not in (None, ""):
        if is_json(content_type) or not isinstance(content, str):
            return _query(fields), msgspec.json.encode(content)
        return _query(fields), media.body_of(content, content_type)
    if method not in _WITH_BODY or not fields:
        return _query(fields), b""
    if media.is_form(content_type):
        return "", _query(fields).encode()
    are_texts = all(isinstance(one, str) for one in fields.values())
    if are_texts and not is_json(content_type):
        return _query(fields), b""  # whose numbers are texts: JSON's are not
    headers["content-type"] = _JSON
    return "", msgspec.json.encode(fields)


def _query(fields: dict[str, Any]) -> str:
    pairs = []
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name, _as_text(one)) for one in values]
    return urlencode(pairs)


def _headers(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    return {
        name.lower(): _as_text(value)
        for name, value in given.items()
        if name.lower() not in _REWRITTEN
    }


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _body(content: bytes, content_type: str) -> Any:
    """Return a body as the platform turns it back into bytes."""
    if is_json(content_type):
        return _json(content)
    if media.is_text(content_type):
        return content.decode(media.charset(content_type), "replace")
    return base64.b64encode(content).decode("ascii")


def _json(content: bytes) -> Any:
    """Return a JSON document, but for roots that the platform would take for a body.

    It sends a text as it is, or decoded if it looks like base64, and null as nothing.
    """
    try:
        document = msgspec.json.decode(content)
    except ValueError:  # a model's own bytes, under a name that they do not deserve
        document = None
    if isinstance(document, str):
        return content.decode()
    return base64.b64encode(content).decode() if document is None else document
