"""`deepaas check`: the report on paper, and models that take their process along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deepaas.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    WriteModel = Callable[[str], str]
    Output = pytest.CaptureFixture[str]

GOOD = """\
print("importing")
def predict(top_k: int = 3) -> list[str]:
    '''Name the plant.'''
    return []
"""


def test_a_model_that_works_is_shown(write_model: WriteModel, capfd: Output) -> None:
    path = write_model(GOOD)

    assert 0 == main(["check", path])

    captured = capfd.readouterr()
    assert "predict   Name the plant.\n  --top_k integer" in captured.out
    assert f"It can be served: deepaas serve {path}" in captured.out
    assert "importing" not in captured.out
    assert "importing" in captured.err


def test_the_report_can_be_read_by_programs(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 0 == main(["check", "--json", write_model(GOOD)])

    report = json.loads(capfd.readouterr().out)
    assert report["ok"] is True
    assert ["top_k"] == [one["name"] for one in report["operations"][0]["arguments"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os; os._exit(0)", "while it was imported: exit code 0"),
        ("import os; os.kill(os.getpid(), 11)", "while it was imported: SIGSEGV"),
        (
            "import os\ndef predict(): ...\ndef warm(): os.kill(os.getpid(), 9)",
            "in its `warm`: SIGKILL",
        ),
        (
            "import os\ndef predict(): ...\ndef get_metadata(): os._exit(4)",
            "in its `get_metadata`: exit code 4",
        ),
    ],
)
def test_a_model_that_takes_its_process_along_is_reported(
    write_model: WriteModel, capfd: Output, text: str, expected: str
) -> None:
    assert 1 == main(["check", write_model(text)])

    assert expected in " ".join(capfd.readouterr().out.split())


def test_a_model_that_cannot_be_imported_shows_its_traceback(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 1 == main(["check", write_model("1 / 0")])

    captured = capfd.readouterr()
    assert "ZeroDivisionError" in captured.err
    assert "error     ZeroDivisionError" in captured.out
    assert "It cannot be served" in captured.out


def test_a_model_that_does_not_exist_is_named(capfd: Output) -> None:
    assert 1 == main(["check", "plants_that_do_not_exist"])

    assert "plants_that_do_not_exist" in capfd.readouterr().err
