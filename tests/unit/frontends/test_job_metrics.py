"""The metrics of a job as one document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deepaas.frontends.api.job_metrics import metrics_as_csv, metrics_as_json
from deepaas.model.job import EVENTS_FILE, Job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def logged(
    folder: Path, *metrics: Mapping[str, float], step: int | None = None
) -> Path:
    job = Job(job_id="1", folder=folder)
    for one in metrics:
        job.log_metrics(one, step=step)
        job.progress(0.5)
    return folder / EVENTS_FILE


def by_name(path: Path) -> dict[str, list[tuple[int, Any]]]:
    found = json.loads(metrics_as_json(path))["metrics"]
    return {
        name: [(one["step"], one["value"]) for one in points]
        for name, points in found.items()
    }


def test_values_are_found_by_name_with_their_steps(tmp_path: Path) -> None:
    path = logged(tmp_path, {"loss": 2, 'a "name"': 1}, {"loss": 1})

    assert {"loss": [(0, 2), (1, 1)], 'a "name"': [(0, 1)]} == by_name(path)


def test_a_step_that_the_model_names_is_kept(tmp_path: Path) -> None:
    assert {"loss": [(7, 1)]} == by_name(logged(tmp_path, {"loss": 1}, step=7))


def test_what_is_no_number_is_null(tmp_path: Path) -> None:
    path = logged(tmp_path, {"loss": float("nan")})

    assert {"loss": [(0, None)]} == by_name(path)


def test_the_table_has_a_line_for_each_time(tmp_path: Path) -> None:
    path = logged(tmp_path, {"b": 2, "a": 1}, {"a": 3})

    head, *rows = metrics_as_csv(path).decode().split("\r\n")[:-1]

    assert "step,at,a,b" == head
    assert [["0", "1.0", "2.0"], ["1", "3.0", ""]] == [
        [row.split(",")[index] for index in (0, 2, 3)] for row in rows
    ]


def test_what_is_no_number_is_nan_in_the_table(tmp_path: Path) -> None:
    path = logged(tmp_path, {"a": float("nan")}, {"b": 1})

    _, *rows = metrics_as_csv(path).decode().split("\r\n")[:-1]

    assert [["NaN", ""], ["", "1.0"]] == [row.split(",")[2:] for row in rows]


def test_a_job_that_has_logged_nothing_has_no_metrics(tmp_path: Path) -> None:
    path = tmp_path / "nothing"

    assert {} == by_name(path)
    assert b"step,at\r\n" == metrics_as_csv(path)


def test_what_is_no_line_of_ours_is_passed_over(tmp_path: Path) -> None:
    path = logged(tmp_path, {"loss": 1})
    with path.open("ab") as file:
        file.write(b'\xff\n[]\n{"event": "metrics", "metrics": 1}\n{"event": "metr')

    assert {"loss": [(0, 1)]} == by_name(path)
