"""The tree is complete, and so is the page that describes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from deepaas.settings import PROFILES, LogSettings, Settings, names
from deepaas.settings.reference import MARK, with_settings

PAGE = Path(__file__).parents[3] / "docs/reference/settings.md"

ALL = names.all_settings()


@pytest.mark.parametrize("key", ALL)
def test_each_setting_is_explained(key: str) -> None:
    setting = ALL[key]

    assert setting.text.endswith(".")
    assert len(setting.summary) <= 110
    assert setting.allowed


@pytest.mark.parametrize(
    "table",
    [
        names.V2_NAMES.values(),
        names.OWN_OPTIONS.values(),
        [key for key, _ in names.V2_SWITCHES.values()],
        [key for defaults in PROFILES.values() for key in defaults],
    ],
    ids=["names of 2.x", "options", "switches of 2.x", "profiles"],
)
def test_tables_know_only_what_there_is(table: list[str]) -> None:
    assert set() == set(table) - set(ALL)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().server.listen_port = 1


def test_the_reference_page_is_current() -> None:
    page = PAGE.read_text()

    assert MARK in page
    assert page == with_settings(page), (
        f"run: python -m deepaas.settings.reference {PAGE.relative_to(Path.cwd())}"
    )


def test_the_page_shows_where_deepaas_run_differs() -> None:
    page = with_settings(MARK)

    assert "Default: `60`; with `deepaas-run` `0`" in page
    assert "Default: none; with `deepaas-run` `*`" in page
    assert "Default: `5000`; with `--openwhisk` `8080`" in page


@pytest.mark.parametrize(
    ("folder", "file", "expected"),
    [
        ("", "", None),
        ("", "a.log", Path("a.log")),
        ("logs", "", Path("logs/deepaas.log")),
        ("logs", "a.log", Path("logs/a.log")),
        ("logs", "/a.log", Path("/a.log")),
    ],
)
def test_folder_and_file_of_the_log_are_joined_as_in_2x(
    folder: str, file: str, expected: Path | None
) -> None:
    assert expected == LogSettings(folder=folder, file=file).path
