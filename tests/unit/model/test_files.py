from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.model import files
from deepaas.model.files import File, extension, guess_media_type, use_folder


@pytest.fixture
def table(tmp_path: Path) -> File:
    path = tmp_path / "upload-1.csv"
    path.write_text("ü,b")
    return File(path, filename="table.csv")


def test_a_file_can_be_read_in_every_way(table: File) -> None:
    with table.open() as content:
        assert "ü,b".encode() == content.read()
    assert "ü,b".encode() == table.read_bytes()
    assert "ü,b" == table.read_text()
    assert 4 == table.size_bytes


def test_a_file_shows_what_it_is(table: File) -> None:
    assert "table.csv" in repr(table)
    assert "text/csv" == table.content_type


def test_a_file_that_a_model_returns_needs_a_path_only() -> None:
    file = File("/data/mask.png")

    assert (Path("/data/mask.png"), "mask.png", "image/png") == (
        file.path,
        file.filename,
        file.content_type,
    )


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.png", "image/png"),
        ("a.csv", "text/csv"),
        ("scan.nii.gz", "application/gzip"),
        ("a.csv.bz2", "application/octet-stream"),
        ("weights", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_is_guessed_from_the_name(filename: str, expected: str) -> None:
    assert expected == guess_media_type(filename)


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.png", ".png"),
        ("scan.nii.gz", ".nii.gz"),
        ("a", ""),
        ("a.p/ng", ""),
        ("../a.png", ".png"),
        ("a.png\n", ""),
        (".png", ".png"),
    ],
)
def test_only_a_harmless_extension_is_kept(filename: str, expected: str) -> None:
    assert expected == extension(filename)


@given(st.text())
def test_no_extension_leads_out_of_a_folder(filename: str) -> None:
    assert re.fullmatch(r"[.A-Za-z0-9]*", extension(filename))


def test_the_folder_of_a_request_is_made_once_and_only_if_needed(
    tmp_path: Path,
) -> None:
    made: list[Path] = []

    def make() -> Path:
        made.append(tmp_path)
        return tmp_path

    with use_folder(make):
        pass
    assert [] == made

    with use_folder(make):
        first = files.read_path({"value": "YQ==", "mediaType": "text/csv"})
        second = files.read_path({"value": "YQ=="})
    assert [tmp_path] == made
    assert first != second
    assert (".csv", b"a") == (first.suffix, second.read_bytes())


def test_folders_of_requests_can_be_nested(tmp_path: Path) -> None:
    inner = tmp_path / "inner"

    with use_folder(lambda: tmp_path):
        with use_folder(lambda: inner):
            assert inner == files.request_folder()
        assert tmp_path == files.request_folder()


def test_without_a_request_there_is_no_folder() -> None:
    with pytest.raises(RuntimeError, match="use_folder"):
        files.request_folder()


@pytest.mark.parametrize("text", ["YWJj", "YW\r\nJj", "YW\nJj\n"])
def test_base64_may_have_line_breaks(text: str) -> None:
    assert b"abc" == files.read_content({"value": text})


@given(st.binary(), st.text(min_size=1))
def test_a_qualified_value_comes_back_as_it_went(content: bytes, filename: str) -> None:
    value = files.qualified_value(content, media_type="image/png", filename=filename)

    assert content == files.read_content(value)
    assert ("image/png", filename) == (value["mediaType"], value["filename"])
