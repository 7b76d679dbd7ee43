"""`deepaas new`: a package that runs at once, or one line that says why not."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from deepaas.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


def test_a_package_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rose-finder"

    assert 0 == main(["new", str(folder)])

    assert {
        "pyproject.toml",
        "README.md",
        "src/rose_finder/__init__.py",
        "src/rose_finder/model.py",
        "tests/test_model.py",
    } == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert f"deepaas serve {folder}/src/rose_finder/model.py" in capsys.readouterr().out


def test_its_entry_point_names_the_model(tmp_path: Path) -> None:
    main(["new", str(tmp_path / "rose-finder")])

    project = tomllib.loads((tmp_path / "rose-finder/pyproject.toml").read_text())
    entry_points = project["project"]["entry-points"]["deepaas.model"]
    assert {"rose-finder": "rose_finder.model"} == entry_points


def test_no_placeholder_is_left(tmp_path: Path) -> None:
    main(["new", str(tmp_path / "roses")])

    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any("$" in text for text in texts)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "roses").mkdir()

    assert 0 == main(["new", str(tmp_path / "roses")])


def test_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "roses"
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine")

    assert 2 == main(["new", str(folder)])

    assert "is not empty" in capsys.readouterr().err
    assert ["thesis.tex"] == [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("3roses", "is no name for a package"),
        ("röse", "is no name for a package"),
        ("rose finder", "is no name for a package"),
        ("roses-", "is no name for a package"),
        ("class", "is no name for a package"),
        ("json", "would hide"),
        ("deepaas", "would hide"),
    ],
)
def test_a_folder_that_makes_no_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, part: str
) -> None:
    assert 2 == main(["new", str(tmp_path / name)])

    assert part in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert 2 == main(["new", str(tmp_path / "file" / "roses")])

    assert "cannot be written" in capsys.readouterr().err
