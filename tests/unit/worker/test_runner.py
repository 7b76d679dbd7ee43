"""One prediction from bytes to bytes, without sockets."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from deepaas import errors, messages
from deepaas.model.loading import load_model
from deepaas.worker.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Sent:
    """Keeps what would go to the server."""

    def __init__(self) -> None:
        self.record: Any = None
        self.body: Any = b""

    def send(self, record: messages.Record, body: Any = b"") -> None:
        self.record, self.body = record, body


@pytest.fixture
def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[..., Any]], Runner]:
    """Make a runner for a function."""

    def make_one(predict: Callable[..., Any]) -> Runner:
        module = ModuleType("made_here")
        module.predict = predict  # type: ignore[attr-defined]  # that is the point
        monkeypatch.setitem(sys.modules, "made_here", module)
        references = ("made_here",)
        load = messages.Load(
            name="made",
            references=references,
            spool_dir=str(tmp_path),
            inline_body_bytes=100,
        )
        return Runner(load_model("made", references=references), load=load)

    return make_one


def ask(runner: Runner, body: bytes = b"{}", **more: Any) -> Sent:
    """Run a prediction with a JSON body."""
    sent = Sent()
    predict = messages.Predict(
        seq=1, request_id="r", content_type="application/json", **more
    )
    call = runner.begin(predict, body)
    runner.finish(call, call.function(**call.arguments), sender=sent)
    return sent


def greet(name: str = "you") -> str:
    return f"hello {name}"


def test_a_result_is_sent_as_it_was_asked_for(
    make: Callable[[Callable[..., Any]], Runner],
) -> None:
    sent = ask(make(greet), b'{"name": "Ada"}', accept="text/plain")

    assert b"hello Ada" == bytes(sent.body)
    assert sent.record.media_type.startswith("text/plain")


def test_accept_in_the_query_stands_for_the_header(
    make: Callable[[Callable[..., Any]], Runner],
) -> None:
    sent = ask(make(greet), query=b"accept=text/plain&name=Ada", accept="*/*")

    assert b"hello Ada" == bytes(sent.body)


def test_an_argument_called_accept_is_the_models_own(
    make: Callable[[Callable[..., Any]], Runner],
) -> None:
    def predict(accept: str) -> str:
        return accept

    sent = ask(make(predict), query=b"accept=text/plain")

    assert b'"text/plain"' == bytes(sent.body)


def test_an_answer_that_is_too_large_goes_through_a_file(
    make: Callable[[Callable[..., Any]], Runner], tmp_path: Path
) -> None:
    sent = ask(make(greet), b'{"name": "%s"}' % (b"x" * 200))

    assert b"" == sent.body
    assert tmp_path / "answer-1" == next(tmp_path.iterdir())
    assert str(tmp_path / "answer-1") == sent.record.body_path


def test_a_result_that_cannot_be_represented_is_a_failure(
    make: Callable[[Callable[..., Any]], Runner],
) -> None:
    def predict() -> Any:
        return [object()]

    assert "bad_output" == ask(make(predict)).record.code


def test_an_operation_that_the_model_has_not_is_refused(
    make: Callable[[Callable[..., Any]], Runner],
) -> None:
    with pytest.raises(errors.OperationNotImplementedError):
        ask(make(greet), operation="train")
