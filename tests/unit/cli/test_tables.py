"""Facts for people."""

from __future__ import annotations

import pytest

from deepaas.cli.model_versions import compared
from deepaas.cli.tables import duration_text, size_text, table


def test_columns_stand_below_each_other() -> None:
    rows: list[dict[str, object]] = [
        {"job": "a", "lasted": None},
        {"job": "bcde", "lasted": 0.12345678},
    ]

    assert ["JOB   LASTED", "a", "bcde  0.123457"] == table(rows)


def test_what_is_no_number_is_said() -> None:
    assert ["LOSS", "NaN"] == table([{"loss": float("nan")}])


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 B"), (1000, "1.0 kB"), (2.5e15, "2500.0 TB")]
)
def test_sizes_are_short(size: float, expected: str) -> None:
    assert expected == size_text(size)


def test_a_duration_is_known_at_the_end() -> None:
    begin = "2026-01-01T12:00:00Z"

    assert "25:00:01" == duration_text(begin, "2026-01-02T13:00:01Z")
    assert "" == duration_text(begin, None)


def test_versions_are_compared_by_their_last_validation() -> None:
    first = {
        "version": 1,
        "metrics": {"loss": 0.5},
        "validations": {"b": {"accuracy": 0.9}, "a": {"accuracy": 0.1}},
    }
    installed = {"version": 0}

    assert [
        {"metric": "loss", "version 1": 0.5, "version 0": None},
        {"metric": "validate accuracy", "version 1": 0.9, "version 0": None},
    ] == compared([first, installed])


def test_a_value_that_is_no_number_differs_from_one_that_is_not_there() -> None:
    versions: list[dict[str, object]] = [
        {"version": 1, "metrics": {"loss": None}},
        {"version": 0},
    ]

    lines = table(compared(versions, nan=float("nan")))

    assert ["METRIC  VERSION 1  VERSION 0", "loss    NaN"] == lines
    [row] = compared(versions)
    assert {"metric": "loss", "version 1": None, "version 0": None} == row
