"""No promise of the store leaves before the disk has it: shown by its system calls.

The trace is read in the order of time. All is well when, between the first writing of a
job's id into SQLite's log and the promise to keep the job, the log was synchronised.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROMISES = 500

CALL = re.compile(r"^(?P<thread>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?P<rest>.*)$")
DESCRIPTOR = re.compile(r"^\((?P<number>\d+)")
OPENED = re.compile(r'"(?P<path>[^"]*)".* = (?P<number>\d+)$')
ID = re.compile(r"[0-9a-f]{32}")


def can_trace() -> bool:
    """Return whether there is `strace`, and it may look into processes."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not can_trace(), reason="strace cannot be used here")


def trace(folder: Path, *, synchronous: str, callers: int) -> Iterator[str]:
    """Trace a process that adds jobs until it has made enough promises."""
    output = folder / "trace"
    calls = "trace=openat,pwrite64,fdatasync,fsync,write"
    program = ["-m", "tests.support.adding", str(folder), str(callers), synchronous]
    process = subprocess.Popen(
        [
            *("strace", "-f", "-qq", "-s", "5000", "-e", calls, "-o", str(output)),
            *(sys.executable, *program),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    made = list(islice(process.stdout, PROMISES))
    process.terminate()  # strace lets go of the program, which then ends at its pipe
    process.stdout.close()
    process.wait()
    assert PROMISES == len(made)
    with output.open() as lines:
        yield from lines


class Order:
    """Follows the system calls of a process.

    Attributes:
        in_time: Ids of jobs that were on the disk before they were promised.
        too_early: Ids of the others.
    """

    def __init__(self) -> None:
        self.in_time: set[str] = set()
        self.too_early: set[str] = set()
        self._log = ""
        self._syncing: dict[str, set[str]] = {}
        self._written: set[str] = set()
        self._on_disk: set[str] = set()

    def see(self, line: str) -> None:
        """Take the next line of the trace."""
        call = CALL.match(line.rstrip("\n"))
        if call is None:
            return
        thread, name, rest = call["thread"], call["name"], call["rest"]
        begins, ends = rest.startswith("("), "<unfinished" not in rest
        if name == "openat" and (opened := OPENED.search(rest)):
            self._open(opened["path"], opened["number"])
        elif name == "write" and begins and rest.startswith("(1,"):
            self._promise(ID.findall(rest))
        elif name == "pwrite64" and begins and self._is_log(rest):
            self._written.update(ID.findall(rest))
        elif name in ("fdatasync", "fsync"):
            if begins and self._is_log(rest):
                self._syncing[thread] = set(self._written)
            if ends:
                self._on_disk |= self._syncing.pop(thread, set())

    def _open(self, path: str, number: str) -> None:
        if path.endswith("-wal"):
            self._log = number

    def _is_log(self, rest: str) -> bool:
        found = DESCRIPTOR.match(rest)
        return found is not None and found["number"] == self._log

    def _promise(self, ids: list[str]) -> None:
        for one in ids:
            (self.in_time if one in self._on_disk else self.too_early).add(one)


def order(folder: Path, *, synchronous: str, callers: int) -> Order:
    """Run a process and return how its promises and the disk followed each other."""
    seen = Order()
    for line in trace(folder, synchronous=synchronous, callers=callers):
        seen.see(line)
    return seen


@pytest.mark.parametrize("callers", [1, 16])
def test_the_disk_has_each_job_before_it_is_promised(
    tmp_path: Path, callers: int
) -> None:
    seen = order(tmp_path, synchronous="FULL", callers=callers)

    assert set() == seen.too_early
    assert len(seen.in_time) >= PROMISES


@pytest.mark.parametrize("callers", [1, 16])
def test_this_test_would_notice_a_store_that_does_not_wait(
    tmp_path: Path, callers: int
) -> None:
    seen = order(tmp_path, synchronous="NORMAL", callers=callers)

    assert len(seen.too_early) > 0.9 * PROMISES
