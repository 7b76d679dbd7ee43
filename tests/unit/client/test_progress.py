"""The bar says how far, what, and how long still."""

from __future__ import annotations

import io

import pytest

from deepaas.client.progress import ProgressBar, bar_text


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0.0, "train ░░░░░░░░░░░░░░░░░░░░   0%  0:30"),
        (0.5, "train ██████████░░░░░░░░░░  50%  0:30 left"),
        (1.0, "train ████████████████████ 100%  0:30"),
    ],
)
def test_a_bar_grows(fraction: float, expected: str) -> None:
    assert expected == bar_text(
        "train", fraction=fraction, message="", metrics={}, elapsed_s=30
    )


def test_a_bar_tells_what_is_done_and_how_well() -> None:
    text = bar_text(
        "train",
        fraction=0.25,
        message="epoch 5",
        metrics={"loss": 0.123456, "nan": None},
        elapsed_s=1800,
    )

    assert text.endswith("25%  epoch 5  loss 0.1235  nan NaN  1:30:00 left")


def test_lines_are_written_above_the_bar() -> None:
    stream = io.StringIO()

    with ProgressBar("train", is_shown=True, stream=stream) as bar:
        bar.update(1, "done")
        bar.write("a line")

    before, _, after = stream.getvalue().partition("a line\n")
    assert before.endswith(" \r")
    assert after.startswith("\rtrain ")
    assert after.endswith("\n")


def test_nobody_who_reads_a_file_gets_a_bar() -> None:
    stream = io.StringIO()

    with ProgressBar("train", stream=stream) as bar:
        bar.update(0.5)
        bar.write("a line")

    assert "a line\n" == stream.getvalue()
