"""The door for model authors: what is listed is what is there."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import deepaas


@pytest.mark.parametrize("name", deepaas.__all__)
def test_every_listed_name_can_be_imported(name: str) -> None:
    assert getattr(importlib.import_module("deepaas"), name) is not None


def test_nothing_else_is_offered() -> None:
    assert sorted(deepaas.__all__) == deepaas.__all__
    with pytest.raises(AttributeError, match="Modle"):
        deepaas.Modle  # noqa: B018 - meant to fail


def test_the_version_is_dotted_integers() -> None:
    assert 3 == len([int(part) for part in deepaas.__version__.split(".")])
    assert deepaas.__version__ == deepaas.extract_version()


def test_importing_the_package_imports_no_library() -> None:
    script = "import sys, deepaas; print([m for m in sys.modules if '.' not in m])"

    found = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )

    for library in ("pydantic", "fastapi", "msgspec", "asyncio"):
        assert f"'{library}'" not in found.stdout
