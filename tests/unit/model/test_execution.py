"""Execute requests of OGC API Processes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from deepaas.errors import InvalidInputError, MalformedBodyError
from deepaas.model import files
from deepaas.model.arguments import Argument, Inputs, Upload
from deepaas.model.execution import Execution, in_document, read_execution
from deepaas.model.results import Encoded

ARGUMENTS = [
    Argument(name="x", keyword="x", schema={"type": "integer"}, required=True),
    Argument(
        name="box",
        keyword="box",
        schema={"type": "object", "properties": {"value": {"type": "integer"}}},
        required=False,
    ),
    Argument(
        name="names",
        keyword="names",
        schema={"type": "array"},
        required=False,
        is_list=True,
    ),
    Argument(
        name="photo",
        keyword="photo",
        schema={"type": "string", "format": "binary"},
        required=False,
        is_file=True,
    ),
    Argument(
        name="depth",
        keyword="depth",
        schema={"type": "integer"},
        required=False,
        location="query",
    ),
]
PIXEL = base64.b64encode(b"pixel").decode()


def read(document: Any, *, kind: str = "native", folder: Path = Path()) -> Execution:
    with files.use_folder(lambda: folder):
        return read_execution(
            json.dumps(document).encode(), arguments=ARGUMENTS, kind=kind
        )


def values(inputs: Inputs) -> Any:
    return json.loads(bytes(inputs.raw_json or b"null"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"x": 1}, {"x": 1}),
        ({"x": {"value": 1}}, {"x": 1}),
        ({"x": {"value": 1, "mediaType": "text/plain"}}, {"x": 1}),
        ({"box": {"value": 2}}, {"box": {"value": 2}}),
        ({"names": "a"}, {"names": ["a"]}),
        ({"names": ["a", {"value": "b"}]}, {"names": ["a", "b"]}),
        ({"names": None}, {"names": None}),
        ({"photo": PIXEL}, {"photo": {"value": PIXEL}}),
        (
            {"photo": {"value": PIXEL, "mediaType": "image/png"}},
            {"photo": {"value": PIXEL, "mediaType": "image/png"}},
        ),
        ({"unknown": {"a": 1}}, {"unknown": {"a": 1}}),
    ],
)
def test_values_are_taken_out_of_their_qualification(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert expected == values(read({"inputs": given}).inputs)


def test_a_body_is_not_needed_where_no_input_is() -> None:
    with files.use_folder(Path):
        execution = read_execution(b"", arguments=[], kind="native")

    assert {} == values(execution.inputs)


@pytest.mark.parametrize(
    ("response", "is_document"), [({}, False), ({"response": "document"}, True)]
)
def test_the_caller_chooses_between_value_and_document(
    response: dict[str, str], is_document: bool
) -> None:
    assert is_document == read({"inputs": {}, **response}).is_document


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"inputs": 3}', b'{"response": "neither"}']
)
def test_what_is_no_execute_request_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        read_execution(body, arguments=[], kind="native")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"inputs": {"photo": {"href": "http://example.org/p.png"}}}, "/photo"),
        ({"inputs": {"names": [{"href": "file:///etc/passwd"}]}}, "/names/0"),
        ({"inputs": {}, "outputs": {"other": {}}}, "/outputs/other"),
    ],
)
def test_what_cannot_be_had_is_named(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        read(document)

    assert [pointer] == [one.pointer for one in raised.value.errors]


def test_fields_of_a_2x_model_find_their_values_where_they_look(
    tmp_path: Path,
) -> None:
    given = {
        "x": 1,
        "depth": 2,
        "photo": {"value": PIXEL, "mediaType": "image/png", "filename": "p.png"},
    }

    inputs = read({"inputs": given}, kind="v2", folder=tmp_path).inputs

    assert {"x": 1} == inputs.json
    assert [("depth", "2")] == inputs.query
    [(name, upload)] = inputs.form
    assert isinstance(upload, Upload)
    assert ("photo", "p.png", b"pixel") == (
        name,
        upload.filename,
        Path(upload.path).read_bytes(),
    )


@pytest.mark.parametrize(
    ("media_type", "body", "expected"),
    [
        ("application/json", b"[1, 2]", [1, 2]),
        ("application/json; charset=utf-8", b"null", None),
        ("text/csv", b"a,b", {"value": "a,b", "mediaType": "text/csv"}),
        ("image/png", b"pixel", {"value": PIXEL, "mediaType": "image/png"}),
    ],
)
def test_a_document_holds_the_one_output(
    media_type: str, body: bytes, expected: Any
) -> None:
    document = in_document(Encoded(media_type=media_type, body=body))

    assert "application/json" == document.media_type
    assert {"result": expected} == json.loads(bytes(document.body))


@pytest.mark.parametrize("name", ["x", "input", "inptus"])
def test_an_input_outside_of_the_inputs_is_refused(name: str) -> None:
    body = json.dumps({name: 1, "inputs": {}}).encode()

    with pytest.raises(InvalidInputError) as refused:
        read_execution(body, arguments=ARGUMENTS, kind="native")

    assert [f"/{name}"] == [one.pointer for one in refused.value.errors]
    assert "Arguments stand in 'inputs'" in str(refused.value)


def test_extensions_of_others_are_passed_over() -> None:
    body = b'{"inputs": {}, "subscriber": {}, "mode": "auto"}'

    read_execution(body, arguments=ARGUMENTS, kind="native")
