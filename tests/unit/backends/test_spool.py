"""The private folder of one server."""

from __future__ import annotations

import errno
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deepaas.backends.spool import Spool, sweep
from deepaas.errors import ConfigurationError

KILLED_SERVER = """
import os, pathlib, sys
from deepaas.backends.spool import Spool
spool = Spool(sys.argv[1])
pathlib.Path(spool.path, "body").write_bytes(b"x")
print(spool.path, flush=True)
os._exit(9)
"""


def test_a_spool_is_private_and_goes_with_its_server(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    folder = Path(spool.path)

    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    (folder / "request").mkdir()

    spool.remove()

    assert not folder.exists()


def test_what_a_killed_server_left_is_swept(tmp_path: Path) -> None:
    left = subprocess.run(
        [sys.executable, "-c", KILLED_SERVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    ).stdout.strip()
    assert Path(left, "body").exists()

    sweep(tmp_path)

    assert not Path(left).exists()


def test_the_spool_of_a_server_that_lives_is_spared(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))

    sweep(tmp_path)

    assert Path(spool.path).exists()
    spool.remove()


def test_what_is_not_ours_is_spared(tmp_path: Path) -> None:
    other = tmp_path / "deepaas-spool-link"
    precious = tmp_path / "precious"
    precious.mkdir()
    other.symlink_to(precious)
    (tmp_path / "deepaas-notes").mkdir()

    sweep(tmp_path)

    left = {one.name for one in tmp_path.iterdir()}
    assert {"deepaas-notes", "deepaas-spool-link", "precious"} == left


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--spool-dir"):
        Spool(str(tmp_path / "missing"))


def test_a_system_without_a_folder_for_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory")

    monkeypatch.setattr(tempfile, "gettempdir", find_none)

    with pytest.raises(ConfigurationError, match=r"No usable .* --spool-dir"):
        Spool()
