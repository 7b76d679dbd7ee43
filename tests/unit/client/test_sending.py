"""What is sent arrives as it was given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.descriptions import FILE, argument, model

from deepaas.client.sending import execution_of, inputs_of, write_body
from deepaas.errors import InvalidInputError, RequestError
from deepaas.model.arguments import MISSING, Inputs, Upload
from deepaas.model.files import File
from deepaas.model.payload import read_inputs
from deepaas.worker.runner import RequestFolder

if TYPE_CHECKING:
    from deepaas.messages import OperationDescription

INTEGERS = {"type": "array", "items": {"type": "integer"}}
ARGUMENTS = (
    argument("photo", FILE, is_file=True, required=False),
    argument("size", {"type": "integer", "default": 3}),
    argument("name", {"type": "string", "default": ""}),
    argument("numbers", INTEGERS, is_list=True, required=False),
    argument("place", {"type": "object", "default": {}}),
    argument("page", {"type": "integer", "default": 1}, location="query"),
    argument("X-Who", {"type": "string", "default": "me"}, location="header"),
)
NATIVE = model(*ARGUMENTS).operations["predict"]
V2 = model(*ARGUMENTS, kind="v2").operations["predict"]


def sent(values: dict[str, Any], operation: OperationDescription = NATIVE) -> Inputs:
    return inputs_of(values, operation=operation)


def test_values_without_files_are_json() -> None:
    inputs = sent({"size": 1, "numbers": (1, 2), "place": {"x": None}, "name": "3"})

    expected = {"size": 1, "numbers": [1, 2], "place": {"x": None}, "name": "3"}
    assert expected == inputs.json
    assert [] == list(inputs.form)


def test_values_beside_a_file_are_texts_of_a_form() -> None:
    inputs = sent({"photo": b"x", "size": 1, "numbers": [1, 2], "place": {"x": 1}})

    (_, photo), *texts = inputs.form
    assert isinstance(photo, Upload)
    assert ("photo", 1) == (photo.filename, photo.size_bytes)
    numbers = [("numbers", "1"), ("numbers", "2")]
    assert [("size", "1"), *numbers, ("place", '{"x": 1}')] == texts
    assert inputs.json is MISSING


def test_query_and_headers_are_where_the_model_looks() -> None:
    inputs = sent({"page": 2, "X-Who": "you", "size": 1})

    assert [("page", "2")] == list(inputs.query)
    assert {"x-who": "you"} == inputs.headers
    assert {"size": 1} == inputs.json


@pytest.mark.parametrize("kind", ["text", "path", "file", "open"])
def test_a_file_may_be_given_in_any_way(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "röse.txt"
    path.write_text("x")
    with path.open("rb") as file:
        given = {"text": str(path), "path": path, "file": File(path), "open": file}
        [(_, photo)] = sent({"photo": given[kind]}).form

    assert isinstance(photo, Upload)
    assert ("röse.txt", "text/plain") == (photo.filename, photo.content_type)


@pytest.mark.parametrize("file", ["/nowhere", 3])
def test_a_file_that_cannot_be_read_is_named(file: object) -> None:
    with pytest.raises(InvalidInputError) as error:
        sent({"photo": file})

    assert ["/photo"] == [one.pointer for one in error.value.errors]


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object is no JSON"):
        sent({"size": object()})


def test_an_execute_request_has_all_in_one(tmp_path: Path) -> None:
    inputs = Inputs(
        form=[("size", "4"), ("name", "4"), ("numbers", "1"), ("numbers", "2")],
        query=[("page", "2")],
    )
    inputs.form = [*inputs.form, *sent({"photo": b"x"}).form]

    assert {
        "inputs": {
            "size": 4,
            "name": "4",
            "numbers": [1, 2],
            "photo": {
                "value": "eA==",
                "mediaType": "application/octet-stream",
                "filename": "photo",
            },
            "page": 2,
        }
    } == execution_of(inputs, operation=NATIVE)


def test_a_body_in_a_file_is_read_as_it_was_meant(tmp_path: Path) -> None:
    photo = tmp_path / 'a "b".txt'
    photo.write_bytes(b"\r\n--x\r\n")
    inputs = sent({"photo": photo, "name": "ü\r\n\r\n"})
    folder = tmp_path / "folder"
    folder.mkdir()

    content_type = write_body(inputs, tmp_path / "body")
    read = read_inputs(
        query=b"",
        content_type=content_type,
        body=tmp_path / "body",
        folder=RequestFolder(str(folder), exists=True),
        is_lenient=False,
    )

    (_, upload), name = read.form
    assert isinstance(upload, Upload)
    assert b"\r\n--x\r\n" == Path(upload.path).read_bytes()
    assert 'a "b".txt' == upload.filename
    assert ("name", "ü\r\n\r\n") == name


def test_json_in_a_file_is_json(tmp_path: Path) -> None:
    content_type = write_body(sent({"size": 3}), tmp_path / "body")

    assert "application/json" == content_type
    assert b'{"size": 3}' == (tmp_path / "body").read_bytes()


def test_no_values_are_no_body(tmp_path: Path) -> None:
    assert "" == write_body(sent({}), tmp_path / "body")
    assert not (tmp_path / "body").exists()


def test_a_2_x_model_takes_files_or_nested_values(tmp_path: Path) -> None:
    inputs = sent({"photo": b"x", "place": {"x": 1}}, V2)

    with pytest.raises(RequestError, match="not both"):
        write_body(inputs, tmp_path / "body")
