"""Importing a model, and saying what it is."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from deepaas.errors import ModelLoadError
from deepaas.model.loading import load_model, load_object

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory; what is imported from it is forgotten."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return folder


def test_a_module_is_found_in_the_working_directory(working_directory: Path) -> None:
    (working_directory / "ferns.py").write_text("def predict() -> int: return 1")

    assert "native" == load_model("ferns", references=["ferns"]).kind


def test_a_folder_of_the_same_name_does_not_hide_an_installed_package(
    working_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout `ferns/ferns`, installed with `pip install -e`, started beside it."""
    checkout = working_directory / "ferns"
    (checkout / "ferns").mkdir(parents=True)
    (checkout / "ferns" / "__init__.py").write_text("def predict(**kwargs): ...")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, EditableFinder(checkout)])

    model = load_model("ferns", references=["ferns"])

    assert str(checkout / "ferns" / "__init__.py") == model.target.__file__


class EditableFinder:
    """Stands at the end of `sys.meta_path`, as setuptools puts its own there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> object:
        """Return the spec of a module below the folder."""
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [str(self.folder)])


def test_a_2x_model_may_have_no_operation_yet() -> None:
    """What 2.x's template makes: metadata, and the rest in comments."""
    model = load_object(
        "empty", SimpleNamespace(get_metadata=lambda: {"name": "Empty"})
    )

    assert ("v2", {}) == (model.kind, model.operations)
    assert {"name": "Empty"} == model.metadata()


def test_an_operation_is_described_without_its_arguments() -> None:
    """They have descriptions of their own; a page would show both."""

    def predict(top_k: int) -> int:
        """Name the plant.

        Args:
            top_k: How many labels.

        From one photo.
        """
        return top_k

    described = load_object("plants", predict).operations["predict"]

    assert "Name the plant.\n\nFrom one photo." == described.description
    assert "How many labels." == described.signature.arguments[0].description


def test_what_offers_nothing_is_no_model() -> None:
    with pytest.raises(ModelLoadError, match="offers none of predict"):
        load_object("empty", SimpleNamespace(x=1))


def test_an_object_that_its_module_lacks_is_no_fault_in_the_models_code(
    working_directory: Path,
) -> None:
    (working_directory / "ferns.py").write_text("def predict() -> int: ...")

    with pytest.raises(ModelLoadError, match=r"has no 'Fern\.best'") as raised:
        load_model("ferns", references=["ferns:Fern.best"])

    assert "" == raised.value.traceback


@pytest.mark.parametrize("name", ["flask", "werkzeug"])
def test_a_model_of_2018_is_told_how_to_get_what_we_no_longer_bring(
    working_directory: Path, name: str
) -> None:
    # As Python does it, because here they are installed.
    code = f"raise ModuleNotFoundError('No module named {name}', name={name!r})"
    (working_directory / "ferns.py").write_text(code)

    with pytest.raises(ModelLoadError, match=r"pip install 'deepaas\[v1\]'"):
        load_model("ferns", references=["ferns"])
