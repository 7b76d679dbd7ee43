"""The log goes where the settings say, and the access log with it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.logging_state import logging_restored

from deepaas.backends.telemetry import logs
from deepaas.backends.telemetry.lines import TextFormatter
from deepaas.backends.telemetry.logs import AccessLog, DebugBuffer, configure
from deepaas.errors import ConfigurationError
from deepaas.settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger("deepaas.test")

REQUEST: dict[str, Any] = {
    "method": "POST",
    "path": "/v2/models/plants/predict/",
    "status": 200,
    "duration_s": 0.0019,
    "size_bytes": 123,
    "request_id": "a-1",
    "model": "plants",
}


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> Iterator[None]:
    with logging_restored():
        yield


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_lines_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    configure(LogSettings())
    log.info("Hello")

    assert terminal.text.endswith(" INFO    test  Hello\n")


def test_anything_else_gets_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings())
    log.info("Hello")

    assert "Hello" == json.loads(capsys.readouterr().err)["message"]


@pytest.mark.parametrize(("format_", "begin"), [("json", "{"), ("text", "2")])
def test_the_format_can_be_chosen(
    format_: Any, begin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(LogSettings(format=format_))
    log.info("Hello")

    assert begin == capsys.readouterr().err[0]


@pytest.mark.parametrize(
    ("level", "heard"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1), ("critical", 0)],
)
def test_the_level_says_what_is_heard(
    level: Any, heard: int, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(LogSettings(level=level))
    for say in (log.debug, log.info, log.warning, log.error):
        say("x")

    assert heard == len(capsys.readouterr().err.splitlines())


def test_libraries_are_heard_when_they_warn(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings(format="text"))
    logging.getLogger("some.library").info("Chatter")
    logging.getLogger("some.library").warning("Trouble")

    assert capsys.readouterr().err.endswith(" WARNING some.library  Trouble\n")


def test_a_file_gets_all_and_standard_error_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.log"
    configure(LogSettings(file=str(path), format="text"))
    log.info("Hello")

    assert path.read_text().endswith("Hello\n")
    assert "" == capsys.readouterr().err


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    configure(LogSettings(file=str(path)))
    log.info("before")
    path.rename(tmp_path / "a.log.1")
    log.info("after")

    assert "after" in path.read_text()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere/a\.log cannot be written"):
        configure(LogSettings(file=str(tmp_path / "nowhere" / "a.log")))


def test_configuring_twice_does_not_say_all_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(LogSettings())
    configure(LogSettings())
    log.info("Hello")

    assert 1 == len(capsys.readouterr().err.splitlines())


def test_what_a_model_writes_has_its_name_and_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(LogSettings(format="text"))
    logs.log_model_output("plants", "epoch 1\x1b[0m", request_id="a-1")

    line = capsys.readouterr().err
    assert line.endswith(" INFO    plants  epoch 1\\x1b[0m  request=a-1\n")


def test_access_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    access_log = configure(LogSettings(format="text")).access_log
    assert access_log
    access_log.line(**REQUEST)
    access_log.line(**{**REQUEST, "duration_s": 1.5})
    access_log.flush()

    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(
        " INFO    access  POST /v2/models/plants/predict/ 200 1.9 ms 123 B  request=a-1"
    )
    assert " 1.50 s " in second


def test_access_lines_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    access_log = configure(LogSettings(format="json")).access_log
    assert access_log
    access_log.line(**REQUEST)
    access_log.flush()

    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert {
        "level": "INFO",
        "logger": "deepaas.access",
        "message": "POST /v2/models/plants/predict/ 200",
        "method": "POST",
        "path": "/v2/models/plants/predict/",
        "status": 200,
        "duration_ms": 1.9,
        "size_bytes": 123,
        "model": "plants",
        "request_id": "a-1",
    } == line


def test_times_of_access_lines_follow_the_clock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(LogSettings(format="json"))
    times = iter([1_700_000_000.25, 1_700_000_000.999, 1_700_000_001.0])
    access_log = AccessLog(is_json=True, clock=lambda: next(times))
    for _ in range(3):
        access_log.line(**REQUEST)
    access_log.flush()

    assert [
        "2023-11-14T22:13:20.250Z",
        "2023-11-14T22:13:20.999Z",
        "2023-11-14T22:13:21.000Z",
    ] == [json.loads(line)["time"] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("is_json", [True, False])
@given(path=st.text())
def test_no_path_can_forge_an_access_line(path: str, *, is_json: bool) -> None:
    buffer = DebugBuffer(TextFormatter())
    logging.getLogger().addHandler(buffer)
    access_log = AccessLog(is_json=is_json)
    access_log.line(**{**REQUEST, "path": path})
    access_log.flush()
    logging.getLogger().removeHandler(buffer)

    [line] = buffer.text().rstrip("\n").splitlines()
    assert line.isprintable()
    assert not is_json or path == json.loads(line)["path"]


def test_nothing_is_written_before_a_flush(capsys: pytest.CaptureFixture[str]) -> None:
    sinks = configure(LogSettings())
    assert sinks.access_log
    sinks.access_log.line(**REQUEST)
    before = capsys.readouterr().err
    sinks.flush()
    sinks.flush()

    assert "" == before
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_many_lines_are_written_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    access_log = configure(LogSettings()).access_log
    assert access_log
    for _ in range(1001):
        access_log.line(**REQUEST)

    assert 1000 == len(capsys.readouterr().err.splitlines())


@pytest.mark.parametrize(
    "settings", [LogSettings(access=False), LogSettings(level="warning")]
)
def test_the_access_log_can_be_switched_off(settings: LogSettings) -> None:
    sinks = configure(settings)
    sinks.flush()

    assert sinks.access_log is None


def test_the_debug_buffer_has_what_was_logged() -> None:
    sinks = configure(LogSettings(format="text"), keep_debug=True)
    assert sinks.access_log
    assert sinks.debug_buffer
    log.info("Hello")
    sinks.access_log.line(**REQUEST)
    sinks.flush()

    first, second = sinks.debug_buffer.text().splitlines()
    assert first.endswith("test  Hello")
    assert "access  POST" in second


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    assert configure(LogSettings()).debug_buffer is None


@given(st.lists(st.text(max_size=30), max_size=30), st.integers(1, 200))
def test_the_debug_buffer_keeps_the_newest_part(
    messages: list[str], max_bytes: int
) -> None:
    buffer = DebugBuffer(logging.Formatter("%(message)s"), max_bytes=max_bytes)
    for message in messages:
        buffer.handle(logging.LogRecord("x", 20, "", 0, message, (), None))

    kept = buffer.text().encode()
    everything = "".join(f"{message}\n" for message in messages).encode()
    assert len(buffer.text()) <= max_bytes
    # The oldest part may begin within a character.
    assert everything.endswith(kept.lstrip("\ufffd".encode()))


def test_a_line_that_is_larger_than_the_debug_buffer_keeps_its_end() -> None:
    buffer = DebugBuffer(logging.Formatter("%(message)s"), max_bytes=4)
    buffer.handle(logging.LogRecord("x", 20, "", 0, "abcdefg", (), None))

    assert "efg\n" == buffer.text()
