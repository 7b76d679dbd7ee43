"""The memory of large arrays is there for the next ones."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
import sys
from deepaas.backends.allocator import keep_freed_memory

def make_arrays():
    return [bytearray(3 << 20), bytearray(2 << 20)]

if sys.argv[1:] == ["kept"]:
    keep_freed_memory()
make_arrays()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    make_arrays()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(*arguments: str, **environment: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment,
        capture_output=True,
        check=True,
    )
    return int(done.stdout)


def test_arrays_take_the_memory_of_those_before_them() -> None:
    assert page_faults("kept") < page_faults() / 10


def test_the_choice_of_the_operator_counts() -> None:
    chosen = {"MALLOC_TRIM_THRESHOLD_": "131072"}

    assert page_faults("kept", **chosen) > page_faults("kept") * 10
