"""Files that can what werkzeug's can."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from deepaas.model.v1.uploads import Content, FileStorage
from deepaas.model.v2.wrapper import UploadedFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[FileStorage]:
    path = tmp_path / "upload-0.txt"
    path.write_text("one\ntwo\n")
    opened = FileStorage(
        UploadedFile("data", str(path), "Text/Plain; charset=utf-8", "rose.txt")
    )
    yield opened
    opened.close()


def test_a_file_says_what_it_is(file: FileStorage) -> None:
    assert ("data", "rose.txt") == (file.name, file.filename)
    assert "Text/Plain; charset=utf-8" == file.content_type
    assert "text/plain" == file.mimetype
    assert file


def test_a_file_is_read_as_a_stream_is(file: FileStorage) -> None:
    assert b"one" == file.read(3)
    assert b"\ntwo\n" == file.read()
    file.seek(0)
    assert [b"one\n", b"two\n"] == list(file)
    assert 8 == file.stream.tell()


def test_a_file_is_saved_to_a_path(file: FileStorage, tmp_path: Path) -> None:
    file.save(str(tmp_path / "saved"))

    assert "one\ntwo\n" == (tmp_path / "saved").read_text()


def test_a_file_is_saved_into_another(file: FileStorage) -> None:
    target = io.BytesIO()

    file.save(target, buffer_size=2)

    assert b"one\ntwo\n" == target.getvalue()


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/x.png", "x.png"),
        ("C:\\pictures\\x.png", "x.png"),
        ("/", ""),
        ("señal.png", "señal.png"),
    ],
)
def test_the_name_of_a_file_has_no_folders(
    file: FileStorage, sent: str, name: str
) -> None:
    path = str(file.stream.name)
    other = FileStorage(UploadedFile("data", path, None, sent))
    other.close()

    assert name == other.filename
    assert bool(name) == bool(other)


def test_a_content_is_bytes_that_know_their_file(
    file: FileStorage, tmp_path: Path
) -> None:
    content = Content.of(file)
    content.save(tmp_path / "saved")

    assert b"one\ntwo\n" == content
    assert "rose.txt" == content.filename
    assert content == (tmp_path / "saved").read_bytes()


@pytest.mark.parametrize("empty", [Content(b""), FileStorage.__new__(FileStorage)])
def test_a_file_that_is_none_has_no_attributes(empty: object) -> None:
    """Asked by `copy` and by debuggers; that must not ask for ever."""
    with pytest.raises(AttributeError):
        _ = empty.anything  # type: ignore[attr-defined]  # that is the test
