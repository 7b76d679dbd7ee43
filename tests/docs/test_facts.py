"""What the pages state as fact is so."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.docs.session import REPOSITORY

import deepaas
from deepaas import errors
from deepaas.jobs.states import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = REPOSITORY / "docs"


def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def requirements() -> Iterator[str]:
    settings = project()
    yield from settings["project"]["dependencies"]
    for group in settings["project"]["optional-dependencies"].values():
        yield from group
    for group in settings["dependency-groups"].values():
        yield from group


def distribution(requirement: str) -> str:
    return re.split(r"[^\w-]", requirement)[0]


def all_errors(
    base: type[errors.DeepaasError] = errors.DeepaasError,
) -> Iterator[type[errors.DeepaasError]]:
    yield base
    for error in base.__subclasses__():
        yield from all_errors(error)


def test_each_dependency_has_its_reason() -> None:
    page = (DOCS / "decisions/dependencies.md").read_text()
    explained = set(re.findall(r"^\| `([\w-]+)` \| [A-Z]", page, flags=re.MULTILINE))

    assert {distribution(one) for one in requirements()} == explained


def test_each_error_is_explained() -> None:
    page = (DOCS / "reference/errors.md").read_text()
    explained = set(re.findall(r"^\| `([\w-]+)` \|", page, flags=re.MULTILINE))
    http = {error.code.replace("_", "-") for error in all_errors()}
    at_start = {"configuration", "model-load", "signature"}
    of_routes = {"not-found", "method-not-allowed", "host-not-allowed"}

    assert (http - at_start) | of_routes == explained - {"model_load"} - at_start


def test_each_public_name_is_explained() -> None:
    page = (DOCS / "reference/python-api.md").read_text()
    explained = set(re.findall(r":: deepaas\.(\w+)", page)) - {"testing", "client"}

    assert set(deepaas.__all__) == explained


def test_the_life_of_a_job_is_explained_as_it_is() -> None:
    page = (DOCS / "explanation/jobs.md").read_text()
    explained = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \|", page, flags=re.MULTILINE)

    assert [("From", "Event", "To")] + [
        (state.value, event.value, after.value)
        for state, events in TRANSITIONS.items()
        for event, after in events.items()
    ] == explained


@pytest.mark.parametrize(
    "page",
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("examples/**/*.md")],
    ids=lambda page: str(page.relative_to(REPOSITORY)),
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())

    assert [] == [link for link in links if not (page.parent / link).exists()]


@pytest.mark.timeout(120)
def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-qnW", "--keep-going", DOCS, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == done.stderr


def test_constraints_name_versions_and_nothing_else() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()

    assert [] == [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
