"""Finding models without importing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.distributions import write_distribution

from deepaas.errors import ConfigurationError, ModelLoadError
from deepaas.model import discovery
from deepaas.model.discovery import ModelReference, find_models, split_reference

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty working directory on a machine without models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(discovery, "installed_models", dict)
    return tmp_path


def test_a_file_is_served_under_its_stem(empty: Path) -> None:
    (empty / "plants.py").touch()

    assert [
        ModelReference(name="plants", references=(str(empty / "plants.py"),))
    ] == find_models(["plants.py"])


def test_an_object_in_a_file_is_served_under_its_name(empty: Path) -> None:
    (empty / "plants.py").touch()

    (model,) = find_models(["plants.py:Roses"])

    assert ("Roses", (f"{empty / 'plants.py'}:Roses",)) == (
        model.name,
        model.references,
    )


def test_the_user_may_choose_the_name(empty: Path) -> None:
    (empty / "plants.py").touch()

    assert ["rose"] == [one.name for one in find_models(["rose=plants.py"])]


@pytest.mark.parametrize(
    ("reference", "name"),
    [("json", "json"), ("xml.dom", "dom"), ("json:loads", "loads")],
)
def test_a_module_is_not_imported(reference: str, name: str) -> None:
    assert [ModelReference(name=name, references=(reference,))] == find_models(
        [reference]
    )


def test_a_module_in_the_working_directory_is_found(empty: Path) -> None:
    (empty / "local_plants.py").write_text("raise AssertionError('imported')")

    assert ["local_plants"] == [one.name for one in find_models(["local_plants"])]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["missing.py"], "no file 'missing.py'"),
        (["missing_module"], "None is installed"),
        (["../up"], "no installed model"),
        ([], "name a file"),
    ],
)
def test_what_is_not_there_is_refused_with_a_way_out(
    empty: Path, wanted: list[str], message: str
) -> None:
    with pytest.raises(ModelLoadError, match=message):
        find_models(wanted)


def test_a_near_miss_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = {"plants": ModelReference(name="plants", references=("p.api",))}
    monkeypatch.setattr(discovery, "installed_models", lambda: installed)

    with pytest.raises(ModelLoadError, match="did you mean 'plants'"):
        find_models(["plant5"])


def test_two_models_of_one_name_are_refused(empty: Path) -> None:
    (empty / "plants.py").touch()
    (empty / "more").mkdir()
    (empty / "more" / "plants.py").touch()

    with pytest.raises(ConfigurationError, match="OTHER="):
        find_models(["plants.py", "more/plants.py"])


@pytest.mark.parametrize("name", ["a/b", "..", "a\nb"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(
    empty: Path, name: str
) -> None:
    (empty / "plants.py").touch()

    with pytest.raises(ConfigurationError, match="address"):
        find_models([f"{name}=plants.py"])


def test_all_installed_models_are_found_when_none_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = {"plants": ModelReference(name="plants", references=("p.api",))}
    monkeypatch.setattr(discovery, "installed_models", lambda: installed)

    assert list(installed.values()) == find_models([])


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("a.b", ("a.b", "")),
        ("a.b:c.d", ("a.b", "c.d")),
        ("/x/y.py", ("/x/y.py", "")),
        ("/x/y.py:z", ("/x/y.py", "z")),
    ],
)
def test_a_reference_is_split(reference: str, expected: tuple[str, str]) -> None:
    assert expected == split_reference(reference)


def test_entry_points_of_both_groups_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_distribution(
        tmp_path,
        "plants",
        entry_points={
            "deepaas.model": {"plants": "new.api"},
            "deepaas.v2.model": {"plants": "old.api", "trees": "old.trees"},
        },
    )
    monkeypatch.syspath_prepend(tmp_path)

    found = discovery.installed_models()

    assert ("new.api", "old.api") == found["plants"].references
    assert "plants" == found["trees"].distribution
