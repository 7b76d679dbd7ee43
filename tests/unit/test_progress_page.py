"""The page of memory that a worker shares with its server."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deepaas.progress_page import ProgressPage, make_page

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITER = """
import sys
from deepaas.progress_page import ProgressPage
page = ProgressPage(int(sys.argv[1]))
for seq in range(1, 100_001):
    page.note_start(seq, 1e6 + seq)
"""


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = make_page()
    yield made
    os.close(made)


def test_a_page_shows_the_newest_start(descriptor: int) -> None:
    writer, reader = ProgressPage(descriptor), ProgressPage(descriptor)

    assert (0, 0.0) == reader.last_start()

    writer.note_start(7, 12.5)

    assert (7, 12.5) == reader.last_start()
    writer.close()
    reader.close()


def test_a_reader_never_sees_a_start_half_written(descriptor: int) -> None:
    page = ProgressPage(descriptor)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(descriptor)], pass_fds=[descriptor]
    )
    newest = 0
    while writer.poll() is None:
        seq, started = page.last_start()
        assert seq >= newest
        assert not seq or started >= 1e6 + seq - 1
        newest = seq

    assert (100_000, 1_100_000.0) == page.last_start()
    page.close()
