"""What a job tells of itself, and how models ask for it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deepaas
from deepaas.model.injection import injected
from deepaas.model.interface import recovery_settings
from deepaas.model.job import EVENTS_FILE, Job, Version
from deepaas.model.loading import load_object

if TYPE_CHECKING:
    from collections.abc import Callable


def _events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / EVENTS_FILE).read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "at"} for line in lines]


def test_metrics_are_lines_of_a_file(tmp_path: Path) -> None:
    job = Job(job_id="1", folder=tmp_path)

    job.log_metrics({"loss": 0.5, "accuracy": float(np.float32(0.25))}, step=3)
    job.log_metrics({"loss": 1})

    assert [
        {"event": "metrics", "metrics": {"loss": 0.5, "accuracy": 0.25}, "step": 3},
        {"event": "metrics", "metrics": {"loss": 1.0}},
    ] == _events(tmp_path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_of_json_is_missing(tmp_path: Path, value: float) -> None:
    Job(folder=tmp_path).log_metrics({"loss": value})

    assert {"loss": None} == _events(tmp_path)[0]["metrics"]


@pytest.mark.parametrize("metrics", [{"loss": "low"}, {1: 2.0}, {"loss": None}])
def test_wrong_metrics_are_refused(tmp_path: Path, metrics: Any) -> None:
    with pytest.raises(TypeError, match="metric"):
        Job(folder=tmp_path).log_metrics(metrics)


def test_progress_that_comes_too_quickly_is_left_out_but_never_the_end(
    tmp_path: Path,
) -> None:
    job = Job(folder=tmp_path)

    for number in range(1000):
        job.progress(number + 1, 1000, "training")

    events = _events(tmp_path)
    assert {"event": "progress", "fraction": 1.0, "message": "training"} == events[-1]
    assert len(events) < 100


@pytest.mark.parametrize(
    ("done", "total", "fraction"),
    [(0.25, None, 0.25), (1, 4, 0.25), (5, 4, 1.0), (-1, 4, 0.0), (3, 0, 1.0)],
)
def test_progress_is_a_fraction(
    tmp_path: Path, done: float, total: float | None, fraction: float
) -> None:
    Job(folder=tmp_path).progress(done, total)

    assert fraction == _events(tmp_path)[0]["fraction"]


def test_the_reports_of_no_job_go_nowhere() -> None:
    job = Job()

    job.log_metrics({"loss": 1.0})
    job.progress(0.5)
    (job.artifacts / "weights.pt").write_bytes(b"1")

    assert "" == job.id


def test_checkpoints_stay_and_artifacts_are_of_the_attempt(tmp_path: Path) -> None:
    first = Job(job_id="1", attempt=1, folder=tmp_path)
    second = Job(job_id="1", attempt=2, folder=tmp_path)
    (first.checkpoints / "epoch-3").touch()
    (first.artifacts / "half").touch()

    assert ["epoch-3"] == [one.name for one in second.checkpoints.iterdir()]
    assert [] == list(second.artifacts.iterdir())


def test_a_job_that_asks_whether_to_stop_is_not_interrupted() -> None:
    job = Job()
    assert not job.stop()

    assert job.is_stopping
    assert job.stop()


def _with_both(x: int, *, job: Job, version: Version) -> None: ...
def _optional(x: int, *, the_job: deepaas.Job | None = None) -> None: ...
def _neither(x: int, job: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (_with_both, {"job": "job", "version": "version"}),
        (_optional, {"job": "the_job", "version": ""}),
        (_neither, {"job": "", "version": ""}),
    ],
)
def test_hints_say_what_is_filled_in(
    function: Callable[..., Any], expected: dict[str, str]
) -> None:
    found = injected(function)

    assert expected == {"job": found.job, "version": found.version}


def test_callers_do_not_see_what_is_filled_in() -> None:
    model = load_object("m", type("M", (), {"train": staticmethod(_with_both)}))

    arguments = model.operations["train"].signature.arguments

    assert ["x"] == [one.name for one in arguments]


def test_warm_gets_its_version() -> None:
    seen: list[Version] = []

    class Model:
        def warm(self, version: Version) -> None:
            seen.append(version)

        def predict(self) -> int:
            return 1

    model = load_object("m", Model)
    model.version = Version(number=3, folder=Path("/versions/3"))
    model.warm()

    assert [model.version] == seen


def test_authors_say_what_becomes_of_jobs_that_fail() -> None:
    @deepaas.restartable
    @deepaas.retried(times=2, delay_s=5)
    def train() -> None: ...

    settings = recovery_settings(train)

    assert (True, 2, 5) == (
        settings.is_restartable,
        settings.retries,
        settings.retry_delay_s,
    )
    assert not recovery_settings(_neither).is_restartable


@pytest.mark.parametrize("wrong", [{"times": 0}, {"times": 1, "delay_s": -1}])
def test_retries_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        deepaas.retried(**wrong)  # type: ignore[arg-type]
