"""The metrics of a job as one document; blocking, for threads.

A training may log a value a hundred times a second for days, so what is kept while they
are collected is the text of the answer, and no object for each value.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec

from deepaas.backends.job_events import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def metrics_as_json(path: Path) -> bytes:
    """Return all values by the name of the metric: their steps, and when.

    Args:
        path: The file with the events of the job; it may not exist.
    """
    points: dict[str, bytearray] = {}
    for step, at, metrics in _rows(path):
        for name, value in metrics.items():
            point = {"step": step, "value": value, "at": at}
            points.setdefault(name, bytearray()).extend(
                msgspec.json.encode(point) + b","
            )
    members = [
        msgspec.json.encode(name) + b":[" + listed[:-1] + b"]"
        for name, listed in points.items()
    ]
    return b'{"metrics":{' + b",".join(members) + b"}}"


def metrics_as_csv(path: Path) -> bytes:
    """Return a line for each step with all its values; an empty field is none.

    What was logged and is no number is `NaN`, which the readers of tables know.

    Args:
        path: The file with the events of the job; it may not exist.
    """
    names = sorted({name for _, _, metrics in _rows(path) for name in metrics})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["step", "at", *names])
    for step, at, metrics in _rows(path):
        fields = (dict.fromkeys(names, "") | metrics).values()
        writer.writerow([step, at, *("NaN" if one is None else one for one in fields)])
    return text.getvalue().encode("utf-8", "replace")


def _rows(path: Path) -> Iterator[tuple[int, Any, dict[str, float | None]]]:
    """Yield step, time and values of each time that the job has logged some."""
    number = 0
    for event in read_events(path):
        content = event.content
        metrics = content.get("metrics")
        if content.get("event") == "metrics" and isinstance(metrics, dict):
            yield content.get("step", number), content.get("at"), metrics
            number += 1
