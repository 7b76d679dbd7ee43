"""`deepaas models`: what is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.distributions import write_distribution

from deepaas.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_distribution(
        tmp_path,
        "garden",
        {
            "deepaas.model": {"a-rose-of-a-test": "garden.rose"},
            "deepaas.v2.model": {"an-oak-of-a-test": "garden.api:oak"},
        },
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_installed_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["models"])

    title, *rows = capsys.readouterr().out.splitlines()
    assert ["NAME", "DISTRIBUTION", "VERSION", "REFERENCE"] == title.split()
    assert ["a-rose-of-a-test", "garden", "4.5.6", "garden.rose"] in [
        row.split() for row in rows
    ]


@pytest.mark.usefixtures("installed")
def test_the_list_can_be_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["models", "--json"])

    expected = {
        "name": "an-oak-of-a-test",
        "distribution": "garden",
        "version": "4.5.6",
        "reference": "garden.api:oak",
    }
    assert expected in json.loads(capsys.readouterr().out)


def test_without_models_the_list_is_empty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepaas.cli.models.installed_models", dict)

    assert 0 == main(["models"])

    captured = capsys.readouterr()
    assert ("", "no model is installed\n") == (captured.out, captured.err)
