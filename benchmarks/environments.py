"""The packages of each server, in an environment of its own, beside the project's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import deepaas
from benchmarks.contestants import FIELD, SERVERS, Contestant

if TYPE_CHECKING:
    from collections.abc import Iterable


def prepare(contestants: Iterable[Contestant] = FIELD) -> None:
    """Make the environments that are missing or out of date.

    Raises:
        SystemExit: wrk is missing.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("The benchmarks need wrk: apt-get install wrk")
    for contestant in contestants:
        if contestant.environment is not None:
            _prepare(contestant)
        _compile(contestant)


def _prepare(contestant: Contestant) -> None:
    place = contestant.environment
    assert place is not None
    wanted = (SERVERS / place.name / "requirements.txt").read_text()
    stamp = place / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {contestant.name} into {place} ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
    pip = [place / "bin" / "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, *wanted.split()], check=True)
    if (SERVERS / place.name / "pyproject.toml").exists():
        subprocess.run([*pip, SERVERS / place.name], check=True)
    stamp.write_text(wanted)


def _compile(contestant: Contestant) -> None:
    """Write the bytecode of what was not installed by pip, which would have done so.

    Python does it when a module is first imported, but not where the variable
    `PYTHONDONTWRITEBYTECODE` is set: there it compiles anew at each start.
    """
    ours = Path(deepaas.__file__).parent
    command = [contestant.program("python"), "-m", "compileall", "-q"]
    subprocess.run([*command, ours, SERVERS], check=True)
