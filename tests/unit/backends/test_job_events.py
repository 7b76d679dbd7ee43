"""Reading what jobs tell of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepaas.backends.job_events import (
    LastEvents,
    last_events,
    last_metrics,
    next_events,
    read_events,
)
from deepaas.model.job import EVENTS_FILE, Job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(job_id="1", folder=tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / EVENTS_FILE


def test_a_job_that_has_told_nothing(path: Path) -> None:
    assert LastEvents() == last_events(path)
    assert {} == last_metrics(path)
    assert [] == next_events(path, start=0, limit=10)


def test_the_last_word_counts(job: Job, path: Path) -> None:
    job.log_metrics({"loss": 2, "accuracy": 0.5})
    job.log_metrics({"loss": 1})
    job.progress(1, 1, "done")

    last = last_events(path)

    assert {"loss": 1.0, "accuracy": 0.5} == last.metrics == last_metrics(path)
    assert (1.0, "done") == (last.fraction, last.message)
    assert last.at is not None


def test_only_the_end_of_a_long_file_is_read_for_the_last_word(
    job: Job, path: Path
) -> None:
    job.log_metrics({"first": 1})
    for step in range(3000):
        job.log_metrics({"loss": step}, step=step)

    assert {"loss": 2999.0} == last_events(path).metrics
    assert {"first": 1.0, "loss": 2999.0} == last_metrics(path)


def test_a_reader_goes_on_where_it_was(job: Job, path: Path) -> None:
    for step in range(5):
        job.log_metrics({"loss": step}, step=step)

    first = next_events(path, start=0, limit=2)
    rest = next_events(path, start=first[-1].end, limit=10)

    steps = [event.content["step"] for event in (*first, *rest)]
    assert [0, 1, 2, 3, 4] == steps
    assert [] == next_events(path, start=rest[-1].end, limit=10)


def test_a_line_that_is_being_written_is_left_for_later(job: Job, path: Path) -> None:
    job.log_metrics({"loss": 1})
    [event] = read_events(path)
    with path.open("ab") as file:
        file.write(b'{"event": "met')
        file.flush()
        assert [] == next_events(path, start=event.end, limit=10)

        file.write(b'rics", "metrics": {}}\n')

    assert 1 == len(next_events(path, start=event.end, limit=10))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_what_is_no_line_of_ours_is_passed_over(path: Path, rubbish: bytes) -> None:
    good = b'{"event": "progress", "fraction": 0.5}\n'
    path.write_bytes(rubbish + b"\n" + good)

    assert 0.5 == [*read_events(path)][-1].content["fraction"]
    last_events(path)
