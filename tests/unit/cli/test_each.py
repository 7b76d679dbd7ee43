"""Which files are predicted, and what a line says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deepaas import errors
from deepaas.cli import each
from deepaas.cli.answers import Answer

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_found_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.png"):
        (tmp_path / name).touch()

    found = each.find_files(f"photo={tmp_path}/*.txt")

    assert [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"] == found


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "rose[1].jpg").touch()

    assert [f"{tmp_path}/rose[1].jpg"] == each.find_files(
        f"photo={tmp_path}/rose[1].jpg"
    )


@pytest.mark.parametrize("text", ["photo", "=x", "photo=", "photo=/nowhere/*"])
def test_what_names_no_file_is_refused(text: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        each.find_files(text)


@pytest.mark.parametrize(
    ("media_type", "content", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/x-ndjson", b"1\n2\n", [1, 2]),
        ("text/plain; charset=utf-8", "ü".encode(), "ü"),
        ("image/png", b"\x89", {"value": "iQ==", "mediaType": "image/png"}),
    ],
)
def test_any_result_fits_a_line(
    media_type: str, content: bytes, expected: object
) -> None:
    answer = Answer(media_type=media_type, pieces=[content])

    assert expected == each.plain(answer, content)


def test_an_error_is_a_problem() -> None:
    field = errors.FieldError(pointer="/photo", detail="no")

    problem = each.problem_of(errors.InvalidInputError(errors=(field,)))

    assert {
        "type": "urn:deepaas:problem:invalid-input",
        "detail": "The inputs are not valid.",
        "errors": [{"pointer": "#/photo", "detail": "no"}],
    } == problem
    assert {"problem": problem} == json.loads(each.encode({"problem": problem}))
