"""What the store has promised is there, however its process ends."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepaas.backends.stores.sqlite import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MOMENTS = range(1, 301, 60)


def adding(folder: Path, *, callers: int, **environment: str) -> subprocess.Popen[str]:
    """Start a process that adds jobs and prints the id of each that is kept."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.adding", str(folder), str(callers)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def promised(process: subprocess.Popen[str], *, kill_after: int) -> set[str]:
    """Kill a process after so many promises; return all that it has made."""
    assert process.stdout is not None
    lines: Iterator[str] = process.stdout
    made = set(islice(lines, kill_after))
    process.kill()
    made |= set(lines)
    process.wait()
    process.stdout.close()
    return {line.strip() for line in made}


def kept(folder: Path) -> set[str]:
    """Return the jobs in a database, each of which must be whole."""
    connection = sqlite3.connect(folder / FILE_NAME)
    assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    tables = [
        {row for (row,) in connection.execute(query)}
        for query in (
            "SELECT id FROM jobs",
            "SELECT job FROM transitions",
            "SELECT job FROM idempotency_keys",
        )
    ]
    connection.close()
    assert tables[0] == tables[1] == tables[2]
    return tables[0]


@pytest.mark.parametrize("callers", [1, 4, 16, 64])
def test_no_promise_is_lost_when_the_process_is_killed(
    tmp_path: Path, callers: int
) -> None:
    all_promised: set[str] = set()
    for moment in MOMENTS:
        process = adding(tmp_path, callers=callers)
        all_promised |= promised(process, kill_after=moment)

        assert all_promised <= kept(tmp_path)
    assert len(all_promised) >= sum(MOMENTS)


@pytest.mark.parametrize(
    "point", ["store.after_insert", "store.before_commit", "store.after_commit"]
)
def test_no_promise_is_lost_at_any_step(tmp_path: Path, point: str) -> None:
    all_promised: set[str] = set()
    for nth in (10, 15, 20):
        process = adding(tmp_path, callers=8, DEEPAAS_INJECT=f"{point}:kill:{nth}")
        all_promised |= promised(process, kill_after=10_000)

        assert all_promised <= kept(tmp_path)
    assert all_promised
