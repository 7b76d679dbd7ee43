"""The lines that a batch job has made, after each way of ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from deepaas.backends.result_lines import (
    LINES_FILE,
    ResultLines,
    size_of_whole_lines,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def add(folder: Path, *results: int) -> None:
    with ResultLines(folder) as lines:
        for result in results:
            lines.add(b'"result":%d}' % result)


def written(folder: Path) -> bytes:
    return (folder / LINES_FILE).read_bytes()


def test_lines_are_numbered_in_their_order(tmp_path: Path) -> None:
    add(tmp_path, 5, 6)

    assert b'{"index":0,"result":5}\n{"index":1,"result":6}\n' == written(tmp_path)


def test_the_next_process_goes_on_behind_the_last(tmp_path: Path) -> None:
    add(tmp_path, 5)
    add(tmp_path, 6, 7)

    assert 3 == written(tmp_path).count(b"\n")
    assert written(tmp_path).endswith(b'{"index":2,"result":7}\n')


@given(cut=st.integers(min_value=0, max_value=46))
def test_a_line_that_is_not_whole_is_written_again(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("job")
    add(folder, 5, 6)
    whole = written(folder)
    (folder / LINES_FILE).write_bytes(whole[:cut])

    with ResultLines(folder) as lines:
        assert whole[:cut].count(b"\n") == lines.count
        for result in (5, 6)[lines.count :]:
            lines.add(b'"result":%d}' % result)

    assert whole == written(folder)


def test_what_a_disk_made_up_after_a_power_cut_is_no_line(tmp_path: Path) -> None:
    add(tmp_path, 5)
    with (tmp_path / LINES_FILE).open("ab") as file:
        file.write(b"\0" * 10 + b"\n")

    with ResultLines(tmp_path) as lines:
        assert 1 == lines.count


def test_who_looks_sees_whole_lines_alone(tmp_path: Path) -> None:
    assert size_of_whole_lines(tmp_path) is None
    add(tmp_path, 5)
    with (tmp_path / LINES_FILE).open("ab") as file:
        file.write(b'{"index":1,')

    assert len(b'{"index":0,"result":5}\n') == size_of_whole_lines(tmp_path)


def test_the_lines_at_work_are_known_to_the_next(tmp_path: Path) -> None:
    with ResultLines(tmp_path) as lines:
        lines.begin(4)
        lines.add(b'"result":1}')

    with ResultLines(tmp_path) as lines:
        assert (1, 4) == (lines.count, lines.begun)
