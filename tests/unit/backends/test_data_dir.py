"""Where a server keeps what must survive it, and who may change it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deepaas.backends.data_dir import (
    DataDir,
    DataDirHeldError,
    default_data_dir,
    versions_elsewhere,
)


def test_one_process_has_it_and_the_others_are_told_which(tmp_path: Path) -> None:
    held = DataDir(tmp_path / "new" / "data", holder="the server at port 5000")

    with pytest.raises(DataDirHeldError, match="port 5000") as raised:
        DataDir(held.path, holder="another one")

    assert "the server at port 5000" == raised.value.holder
    held.release()
    DataDir(held.path, holder="another one").release()


def test_it_is_private(tmp_path: Path) -> None:
    held = DataDir(tmp_path / "data", holder="me")

    assert 0o700 == held.path.stat().st_mode & 0o777
    assert 0o600 == (held.path / "lock").stat().st_mode & 0o777
    held.release()


def test_a_shorter_name_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("a server that was killed, with a long name")

    held = DataDir(tmp_path, holder="me")

    assert "me" == (tmp_path / "lock").read_text()
    held.release()


def test_what_a_server_starts_does_not_hold_it(tmp_path: Path) -> None:
    held = DataDir(tmp_path, holder="me")
    locks = [
        int(one.name)
        for one in Path("/proc/self/fd").iterdir()
        if os.path.realpath(one) == str(tmp_path / "lock")
    ]

    assert [False] == [os.get_inheritable(one) for one in locks]
    held.release()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="lock"):
        DataDir(tmp_path, holder="me")

    assert not (tmp_path / "elsewhere").exists()


def test_each_set_of_models_has_a_folder_of_its_own() -> None:
    environ = {"XDG_DATA_HOME": "/data"}

    def folder(**models: list[str]) -> Path:
        return default_data_dir(models, environ=environ)

    assert folder(a=["x"], b=["y"]) == folder(b=["y"], a=["x"])
    assert folder(a=["x"]) != folder(a=["y"])
    assert folder(a=["x"]) != folder(b=["x"])
    assert folder(a=["x"]).is_relative_to("/data/deepaas")
    assert folder(a=["x"]).name.startswith("a-")


def test_names_of_models_lead_nowhere_else() -> None:
    path = default_data_dir(
        {"../../etc": ["x"], "n" * 300: ["y"]}, environ={"XDG_DATA_HOME": "/data"}
    )

    assert Path("/data/deepaas") == path.parent
    assert len(path.name) < 100


def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path, holder="a test")

    modes = {
        one.name: one.stat().st_mode & 0o777
        for one in tmp_path.iterdir()
        if one.is_dir()
    }

    data_dir.release()
    assert {"jobs": 0o700, "versions": 0o700, "scratch": 0o700} == modes


def test_versions_of_a_model_elsewhere_are_found(tmp_path: Path) -> None:
    here, there = tmp_path / "wine-1", tmp_path / "leaves_wine-2"
    (there / "versions" / "wine" / "1").mkdir(parents=True)
    (tmp_path / "wine-3" / "versions" / "wine").mkdir(parents=True)

    assert [there] == versions_elsewhere(here, "wine")
    assert [] == versions_elsewhere(here, "leaves")
    assert [] == versions_elsewhere(there, "wine")
    assert [] == versions_elsewhere(tmp_path / "new" / "wine-1", "wine")
