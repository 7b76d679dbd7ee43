"""Which files a model consists of, and which have changed."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from deepaas.model.loading import load_model
from deepaas.model.sources import changed_sources, source_digests

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load a model with a helper beside it, and a library in the same folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    library = tmp_path / ".venv" / "site-packages"
    library.mkdir(parents=True)
    (library / "sources_library.py").write_text("")
    sys.path.insert(0, str(library))
    (tmp_path / "sources_helper.py").write_text("ONE = 1\n")
    (tmp_path / "sources_model.py").write_text(
        "import sources_helper, sources_library\n"
        "class Model:\n"
        "    def predict(self, x: int) -> int:\n"
        "        return x + sources_helper.ONE\n"
        "def predict(x: int) -> int:\n"
        "    return x + sources_helper.ONE\n"
    )
    importlib.invalidate_caches()

    def load(attribute: str) -> Any:
        reference = f"{tmp_path / 'sources_model.py'}{attribute}"
        return load_model("m", references=(reference,)).target

    return load


@pytest.mark.parametrize("attribute", ["", ":Model", ":predict"])
def test_a_model_is_its_file_and_what_it_imports_beside_it(
    model: Any, tmp_path: Path, attribute: str
) -> None:
    target = model(attribute)

    before = source_digests(target)
    (tmp_path / "sources_helper.py").write_text("ONE = 2\n")
    after = source_digests(target)

    names = {tmp_path / "sources_helper.py", tmp_path / "sources_model.py"}
    assert set(map(str, names)) == set(before)
    assert [str(tmp_path / "sources_helper.py")] == changed_sources(before, after)


def test_what_was_loaded_later_has_not_changed() -> None:
    assert [] == changed_sources({"a": "1"}, {"a": "1", "b": "2"})
