"""A worker's work in this process; the command line and `deepaas.testing` show more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import deepaas
from deepaas.errors import InvalidInputError, ModelError
from deepaas.model.arguments import Inputs, Upload
from deepaas.model.loading import load_object
from deepaas.worker.inline import InlineWorker

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Item:
    x: int


@deepaas.batched(max_size=4)
def lose(items: list[Item]) -> list[int]:
    """Return too few results."""
    del items
    return []


def interrupt() -> int:
    raise KeyboardInterrupt


def leave() -> int:
    raise SystemExit(3)


def keep(scan: Path, x: int = 1) -> str:
    del x
    return str(scan)


def call(function: Any, **form: str | Upload) -> Any:
    with InlineWorker(load_object("plants", function)) as worker:
        bound = worker.bind("predict", Inputs(form=list(form.items())))
        return worker.run(bound)


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Upload]:
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(b"scan")
    yield Upload(path=str(path), filename="scan.nii.gz", size_bytes=4)
    assert path.exists()


def test_a_batch_must_have_a_result_for_each_item() -> None:
    with pytest.raises(ModelError, match="got 0 for 1 item"):
        call(lose, x="1")


def test_leaving_is_a_failure_of_the_model() -> None:
    with pytest.raises(ModelError, match="3") as caught:
        call(leave)

    assert "SystemExit" == caught.value.exception


def test_only_an_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        call(interrupt)


def test_a_file_is_a_copy_that_keeps_its_extension(upload: Upload) -> None:
    path = call(keep, scan=upload)

    assert upload.path != path
    assert path.endswith(".nii.gz")
    assert not Path(path).exists()


def test_copies_of_a_call_that_is_refused_are_removed_at_once(
    upload: Upload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with InlineWorker(load_object("plants", keep)) as worker:
        with pytest.raises(InvalidInputError):
            worker.bind("predict", Inputs(form=[("scan", upload), ("x", "one")]))
        [folder] = tmp_path.glob("deepaas-*")
        assert [] == list(folder.iterdir())


def test_an_error_of_ours_is_told_with_its_facts() -> None:
    with pytest.raises(InvalidInputError) as caught:
        call(keep, x="one")

    assert {"/scan", "/x"} == {one.pointer for one in caught.value.errors}
