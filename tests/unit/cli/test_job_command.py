"""What Ctrl-C and SIGTERM mean to a job."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from deepaas.cli import job_command
from deepaas.cli.signals import Terminated
from deepaas.client.event_source import JobEvent
from deepaas.client.progress import ProgressBar
from deepaas.messages import OperationDescription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.cli.answers import Answer
    from deepaas.model.arguments import Inputs

RUNNING = JobEvent(kind="status", data={"status": "running"})
END = JobEvent(kind="status", data={"status": "successful"})


class Events:
    """Steps through a story; what it raises does not end it."""

    def __init__(self, *story: JobEvent | type[BaseException]) -> None:
        self._story = list(story)

    def __iter__(self) -> Iterator[JobEvent]:
        return self

    def __next__(self) -> JobEvent:
        if not self._story:
            raise StopIteration
        happens = self._story.pop(0)
        if isinstance(happens, JobEvent):
            return happens
        raise happens


class Target:
    """A job of which only the events and what was asked for matter."""

    operation = OperationDescription(name="train")

    def __init__(self, events: Events, *, is_remote: bool) -> None:
        self.can_outlive_us = is_remote
        self.asked: list[str] = []
        self._events = events

    def events(self) -> Iterator[JobEvent]:
        return self._events

    def cancel(self) -> None:
        self.asked.append("cancel")

    def interrupt(self) -> None:
        self.asked.append("interrupt")

    def submit(self, inputs: Inputs, *, version: int | None) -> str:
        raise NotImplementedError

    def document(self) -> dict[str, Any]:
        raise NotImplementedError

    def result(self) -> Answer:
        raise NotImplementedError

    def place(self) -> str:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def follow(target: Target) -> int | None:
    bar = ProgressBar("train", stream=io.StringIO())
    return job_command._follow(target, bar, with_log=True)


@pytest.fixture(params=[True, False], ids=["at a server", "here"])
def is_remote(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize(
    ("answer", "asked"), [("y", ["cancel"]), ("YES", ["cancel"]), ("n", []), ("", [])]
)
def test_ctrl_c_asks_once(
    monkeypatch: pytest.MonkeyPatch, is_remote: bool, answer: str, asked: list[str]
) -> None:
    target = Target(Events(RUNNING, KeyboardInterrupt, END), is_remote=is_remote)
    monkeypatch.setattr("sys.stdin", _Terminal(f"{answer}\n"))

    assert follow(target) is None
    assert asked == target.asked


def test_where_nobody_can_answer_ctrl_c_cancels(
    monkeypatch: pytest.MonkeyPatch, is_remote: bool
) -> None:
    target = Target(Events(RUNNING, KeyboardInterrupt, END), is_remote=is_remote)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert follow(target) is None
    assert ["cancel"] == target.asked


def test_who_has_said_no_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, is_remote: bool
) -> None:
    target = Target(
        Events(RUNNING, KeyboardInterrupt, KeyboardInterrupt, END), is_remote=is_remote
    )
    monkeypatch.setattr("sys.stdin", _Terminal("n\n"))

    assert follow(target) is None
    assert [] == target.asked


def test_ctrl_c_at_the_question_leaves_a_job_at_a_server_and_cancels_one_here(
    monkeypatch: pytest.MonkeyPatch, is_remote: bool
) -> None:
    target = Target(Events(RUNNING, KeyboardInterrupt, END), is_remote=is_remote)
    monkeypatch.setattr("sys.stdin", _Terminal(None))

    status = follow(target)

    assert (130 if is_remote else None) == status
    assert ([] if is_remote else ["cancel"]) == target.asked


def test_sigterm_gives_a_job_here_a_moment(is_remote: bool) -> None:
    events = Events(RUNNING, Terminated, END)
    target = Target(events, is_remote=is_remote)

    status = follow(target)

    assert (143 if is_remote else None) == status
    assert ([] if is_remote else ["interrupt"]) == target.asked


class _Terminal(io.StringIO):
    """A terminal at which somebody answers, or presses Ctrl-C again."""

    def __init__(self, answer: str | None) -> None:
        super().__init__(answer or "")
        self._is_interrupted = answer is None

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # as typeshed's own
        if self._is_interrupted:
            raise KeyboardInterrupt
        return super().readline(size)
