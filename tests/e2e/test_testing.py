"""`deepaas.testing` keeps its word: the client answers as the server does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from deepaas.testing import Client, Server, ServerStartError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = """\
import deepaas
class Reader:
    def predict(self, text: deepaas.File | None = None, n: int = 1) -> dict:
        if n == 7:
            raise RuntimeError("seven")
        return {"n": n, "text": text.read_text() if text else None}
"""

REQUESTS: list[dict[str, Any]] = [
    {"json": {"n": 2}},
    {"params": {"n": "3"}},
    {"data": {"n": "4"}},
    {"files": {"text": b"hello"}, "data": {"n": "5"}},
    {"json": {"n": "x", "m": 1}},
    {"json": {"n": 7}},
    {"json": {}, "headers": {"accept": "image/png"}},
    {"json": {"n": "x"}, "headers": {"accept": "application/json"}},
    {"data": b"{", "headers": {"content-type": "application/json"}},
    {"data": b"<a/>", "headers": {"content-type": "application/xml"}},
]


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "reader_of_a_test.py"
    file.write_text(MODEL)
    return f"{file}:Reader"


def test_a_client_is_answered_as_by_a_server(
    path: str, deepaas_server: Callable[..., Server]
) -> None:
    server = deepaas_server(path)

    with Client(path) as client:
        for request in REQUESTS:
            sent = {**request}
            if isinstance(sent.get("data"), bytes):
                sent["content"] = sent.pop("data")
            there = httpx2.post(f"{server.url}/v2/models/Reader/predict/", **sent)

            here = client.post(**request)

            assert there.status_code == here.status
            assert there.headers["content-type"] == here.headers["content-type"]
            assert without_id(there.content) == without_id(here.body)


def without_id(body: bytes) -> Any:
    document = json.loads(body)
    return {
        key: value
        for key, value in document.items()
        if key not in {"instance", "request_id"}
    }


def test_a_server_takes_options_and_variables(path: str) -> None:
    with Server(
        path, "--base-path", "/garden", environment={"DEEPAAS_LOG__LEVEL": "debug"}
    ) as server:
        answer = httpx2.get(f"{server.url}/v2/models/Reader/")

    assert server.url.endswith("/garden")
    assert 200 == answer.status_code
    assert 0 == server.process.returncode


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('no weights')")

    with pytest.raises(ServerStartError, match="no weights"):
        Server(broken)


def test_what_a_model_prints_is_in_the_log(tmp_path: Path) -> None:
    talkative = tmp_path / "talkative.py"
    talkative.write_text("print('loading weights')\ndef predict() -> int: return 1\n")

    with Server(talkative) as server:
        assert "loading weights" in server.log
