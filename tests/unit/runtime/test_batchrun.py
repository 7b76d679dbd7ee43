"""Who is to blame when the process of a batch dies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from deepaas.backends.executors.process import Exit
from deepaas.backends.result_lines import LINES_FILE, ResultLines
from deepaas.jobs.records import Job
from deepaas.runtime.batchrun import BatchDeaths

if TYPE_CHECKING:
    from pathlib import Path

DEATH = Exit(cause="worker_died", exit_status=None, signal="SIGSEGV")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def deaths(folder: Path, *, is_restartable: bool = False) -> BatchDeaths:
    job = Job(
        id="7",
        model="m",
        operation="predict",
        created=NOW,
        updated=NOW,
        is_restartable=is_restartable,
    )
    return BatchDeaths(job, folder)


def work(folder: Path, *, done: int, at_work: int) -> None:
    """Do what a process does before it dies."""
    with ResultLines(folder) as lines:
        for _ in range(done):
            lines.add(b'"result":1}')
        lines.begin(at_work)


def rows(folder: Path) -> list[dict[str, Any]]:
    text = (folder / LINES_FILE).read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_the_line_at_work_has_its_problem_and_the_batch_goes_on(tmp_path: Path) -> None:
    work(tmp_path, done=2, at_work=1)

    assert deaths(tmp_path).settle(DEATH)

    assert ["result", "result", "problem"] == [list(one)[1] for one in rows(tmp_path)]
    problem = rows(tmp_path)[2]["problem"]
    assert ("urn:deepaas:problem:worker-died", "SIGSEGV", "7.2") == (
        problem["type"],
        problem["signal"],
        problem["request_id"],
    )


def test_lines_of_one_call_share_their_fate(tmp_path: Path) -> None:
    work(tmp_path, done=1, at_work=3)

    assert deaths(tmp_path).settle(DEATH)

    assert 4 == len(rows(tmp_path))


def test_they_run_again_one_by_one_where_that_does_no_harm(tmp_path: Path) -> None:
    settled = deaths(tmp_path, is_restartable=True)
    work(tmp_path, done=1, at_work=3)

    assert settled.settle(DEATH)
    assert (True, 1) == (settled.is_careful, len(rows(tmp_path)))

    work(tmp_path, done=1, at_work=1)
    assert settled.settle(DEATH)
    assert (False, 3) == (settled.is_careful, len(rows(tmp_path)))
    assert "problem" in rows(tmp_path)[2]


def test_a_death_between_two_lines_is_nobodys_fault(tmp_path: Path) -> None:
    work(tmp_path, done=2, at_work=0)

    assert deaths(tmp_path).settle(DEATH)

    assert 2 == len(rows(tmp_path))


@pytest.mark.parametrize("done", [0, 1])
def test_a_model_that_dies_of_all_lines_is_given_up(tmp_path: Path, done: int) -> None:
    settled = deaths(tmp_path)

    goes_on = []
    for _ in range(12):
        work(tmp_path, done=done, at_work=1)
        goes_on.append(settled.settle(DEATH))

    expected = [True] * 12 if done else [True] * 10 + [False] * 2
    assert expected == goes_on
