"""A model is loaded and tried, and the report says what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepaas.cli.examination import Report, examine

if TYPE_CHECKING:
    from collections.abc import Callable

    WriteModel = Callable[[str], str]

GOOD = """\
def warm(): ...
def get_metadata():
    return {"name": "Plants", "version": 2}
def predict(photo: bytes, top_k: int = 3) -> list[str]:
    '''Name the plant.'''
    return []
"""


def report_on(path: str) -> tuple[Report, list[str]]:
    stages: list[str] = []
    report = examine(
        "plants", references=[path], distribution="", on_stage=stages.append
    )
    return report, stages


def test_a_good_model_is_described(write_model: WriteModel) -> None:
    report, stages = report_on(write_model(GOOD))

    assert report.is_fit
    assert "native" == report.kind
    assert ["import", "warm", "metadata"] == stages
    assert {"name": "Plants", "version": 2} == report.metadata
    [predict] = report.operations
    assert "Name the plant." == predict.summary
    assert ["application/json"] == predict.media_types
    assert [("photo", "file", True), ("top_k", "integer", False)] == [
        (one.name, one.type, one.required) for one in predict.arguments
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("import nowhere_to_be_found", "nowhere_to_be_found"),
        ("raise SystemExit(3)", "sys.exit(3)"),
        ("x = 1", "offers none of predict"),
        ("def predict(*rest): ...", "predict(*rest)"),
        ("def predict(): ...\ndef warm(): raise RuntimeError('cold')", "cold"),
        ("def predict(): ...\ndef warm(): raise SystemExit(3)", "SystemExit: 3"),
        ("def predict(): ...\ndef get_metadata(): return 1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_fails_is_an_error(write_model: WriteModel, text: str, part: str) -> None:
    report, _ = report_on(write_model(text))

    assert not report.is_fit
    [error] = [one.text for one in report.findings if one.level == "error"]
    assert part in error


def test_the_traceback_of_the_model_is_kept(write_model: WriteModel) -> None:
    report, _ = report_on(write_model("def broken():\n    1 / 0\nbroken()"))

    assert "in broken" in report.traceback


def test_a_model_without_warm_skips_that_stage(write_model: WriteModel) -> None:
    report, stages = report_on(write_model("def predict() -> int: return 1"))

    assert ["import", "metadata"] == stages
    assert report.warm_s is None
