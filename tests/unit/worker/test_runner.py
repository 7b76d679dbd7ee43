"""One prediction from bytes to bytes, without sockets."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from deepaas import errors, messages
from deepaas.model import legacy
from deepaas.model.files import File
from deepaas.model.loading import load_model
from deepaas.worker.runner import RequestFolder, Runner

if TYPE_CHECKING:
    from collections.abc import Callable


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


def test_a_file_name_that_is_no_unicode_is_sent_as_far_as_it_goes(
    make: Callable[[Callable[..., Any]], Runner], tmp_path: Path
) -> None:
    file = tmp_path / "result.txt"
    file.write_text("done")

    def predict() -> Any:
        return File(file, filename="caf\udce9.txt")

    assert "caf?.txt" == ask(make(predict)).record.filename


def test_a_model_that_removes_its_temporary_files_removes_no_answers(
    make: Callable[[Callable[..., Any]], Runner], tmp_path: Path
) -> None:
    def predict(name: str) -> str:
        shutil.rmtree(tmp_path)
        return name

    sent = ask(make(predict), b'{"name": "%s"}' % (b"x" * 200))

    assert 202 == Path(sent.record.body_path).stat().st_size


def test_a_model_that_removes_its_temporary_files_gets_more(tmp_path: Path) -> None:
    folder = RequestFolder(str(tmp_path / "gone" / "1"), exists=False)

    assert Path(folder()).is_dir()


def test_an_error_that_cannot_be_read_is_a_failure_too(
    make: Callable[[Callable[..., Any]], Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error: BaseException, **_: str) -> None:
        raise RuntimeError("this one is beyond me") from error

    runner = make(greet)
    monkeypatch.setattr(runner.model, "kind", "v2")
    monkeypatch.setattr(legacy, "translate_exception", fail)

    assert "too hot" == runner.failure(1, ValueError("too hot")).detail
