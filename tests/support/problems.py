"""What every error answer of ours has to be: one RFC 9457 document."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


def problem(answer: httpx2.Response, *, status: int) -> dict[str, Any]:
    """Return the problem document in `answer`, after a look at all its promises."""
    assert HTTPStatus(status) == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]
    document: dict[str, Any] = answer.json()
    assert status == document["status"]
    assert document["title"]
    assert ":" in document["type"]
    assert document["detail"]
    assert document["detail"] == document["error"] == document["message"]
    assert "Traceback" not in answer.text
    return document
