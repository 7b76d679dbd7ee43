"""The files that `deepaas new` writes; `$name` and `$package` are filled in."""

from __future__ import annotations

from string import Template
from typing import Final

_PYPROJECT: Final = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1.0"
description = "Finds the most frequent words of a text."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["deepaas>=3"]

# Who installs this package can serve the model by its name: deepaas serve $name
[project.entry-points."deepaas.model"]
"$name" = "$package.model"

[dependency-groups]
test = ["pytest"]

[tool.hatch.build.targets.wheel]
packages = ["src/$package"]

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""

_README: Final = """\
# $name

A model that runs at once; put yours into `src/$package/model.py`.

    deepaas check src/$package/model.py
    deepaas predict src/$package/model.py --text "to be or not to be"
    deepaas serve src/$package/model.py

Test it with `pytest`. Install it with `pip install .`; from then on its name is enough:

    deepaas serve $name
"""

_INIT: Final = '''\
"""The model $name."""
'''

_MODEL: Final = '''\
"""The model $name: its functions are the API, their type hints say what is allowed."""

from collections import Counter
from typing import Annotated

from pydantic import BaseModel, Field


class Word(BaseModel):
    """A word, and how often it occurs."""

    word: str
    count: int


def warm() -> None:
    """Load weights and the like; called once, before the first prediction."""


def predict(
    text: Annotated[str, Field(min_length=1)],
    top_k: Annotated[int, Field(ge=1, le=100)] = 3,
) -> list[Word]:
    """Find the most frequent words of a text.

    Args:
        text: Any text.
        top_k: How many words to return.
    """
    words = Counter(text.lower().split())
    return [Word(word=word, count=count) for word, count in words.most_common(top_k)]
'''

_TEST: Final = '''\
"""Calls the model as callers do: arguments are checked, results are JSON."""

import pytest
from $package import model

from deepaas import InvalidInputError
from deepaas.testing import Client


@pytest.fixture
def client():
    with Client(model) as client:
        yield client


def test_the_most_frequent_word_comes_first(client):
    words = client.predict(text="to be or not to be", top_k=1)

    assert words == [{"word": "to", "count": 2}]


def test_no_text_is_refused(client):
    with pytest.raises(InvalidInputError):
        client.predict(text="")
'''

_FILES: Final = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "src/$package/__init__.py": _INIT,
    "src/$package/model.py": _MODEL,
    "tests/test_model.py": _TEST,
}


def project_files(*, name: str, package: str) -> dict[str, str]:
    """Return the files of a new project: their text by their path.

    Args:
        name: Of the distribution, and of the model.
        package: Of the Python package.
    """
    return {
        Template(path).substitute(package=package): Template(text).substitute(
            name=name, package=package
        )
        for path, text in _FILES.items()
    }
