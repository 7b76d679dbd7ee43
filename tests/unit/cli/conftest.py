"""Models as files, which the commands import into this process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def write_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], str]]:
    """Write a model into a file and return its path; its import ends with the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    written: list[str] = []

    def write(text: str) -> str:
        stem = f"model_of_a_test_{len(written)}"
        written.append(stem)
        path = tmp_path / f"{stem}.py"
        path.write_text(text)
        return str(path)

    yield write
    for stem in written:
        sys.modules.pop(stem, None)
