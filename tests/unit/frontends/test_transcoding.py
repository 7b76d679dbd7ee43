from __future__ import annotations

import json
from typing import Any

import pytest

from deepaas.errors import InvalidInputError
from deepaas.frontends.openinference.protocol import message
from deepaas.frontends.openinference.transcoding import request_body, response_of

Request = message("ModelInferRequest")

X = {"name": "x", "datatype": "INT32", "shape": [2]}


def read(**fields: Any) -> tuple[dict[str, Any], bytes]:
    json_bytes, body = request_body(Request(model_name="m", **fields))
    document: dict[str, Any] = json.loads(body[:json_bytes])
    return document, body[json_bytes:]


def test_raw_tensors_are_handed_on() -> None:
    document, tensors = read(
        id="7", inputs=[X, X], raw_input_contents=[b"abcdefgh", b"ijklmnop"]
    )

    assert b"abcdefghijklmnop" == tensors
    assert "7" == document["id"]
    assert document["parameters"]["binary_data_output"]
    assert [{**X, "parameters": {"binary_data_size": 8}}] * 2 == document["inputs"]


@pytest.mark.parametrize(
    ("datatype", "contents", "expected"),
    [
        ("BOOL", {"bool_contents": [True, False]}, b"\1\0"),
        ("INT8", {"int_contents": [-1, 2]}, b"\xff\2"),
        ("UINT16", {"uint_contents": [1, 2]}, b"\1\0\2\0"),
        ("INT64", {"int64_contents": [1]}, b"\1\0\0\0\0\0\0\0"),
        ("FP32", {"fp32_contents": [1.0]}, b"\0\0\x80?"),
        ("BYTES", {"bytes_contents": [b"\xff", b""]}, b"\1\0\0\0\xff\0\0\0\0"),
        ("FP64", {}, b""),
    ],
)
def test_typed_contents_become_bytes(
    datatype: str, contents: dict[str, Any], expected: bytes
) -> None:
    _, tensors = read(inputs=[{**X, "datatype": datatype, "contents": contents}])

    assert expected == tensors


def test_parameters_are_handed_on_but_those_that_gRPC_says_in_its_way() -> None:  # noqa: N802
    document, _ = read(
        parameters={
            "a": {"int64_param": 3},
            "binary_data_output": {"bool_param": False},
        },
        outputs=[{"name": "y", "parameters": {"binary_data": {"bool_param": False}}}],
    )

    assert {"a": 3, "binary_data_output": True} == document["parameters"]
    assert [{"name": "y", "parameters": {}}] == document["outputs"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"inputs": [X], "raw_input_contents": [b"", b""]}, "2 elements for 1 inputs"),
        (
            {"inputs": [{**X, "contents": {}}], "raw_input_contents": [b""]},
            "beside raw_input_contents",
        ),
        ({"inputs": [{**X, "datatype": "FP16"}]}, "FP16, which has to come in raw"),
        ({"inputs": [{**X, "datatype": "?"}]}, "has to come in raw"),
        (
            {
                "inputs": [
                    {**X, "datatype": "INT8", "contents": {"int_contents": [300]}}
                ]
            },
            "is no INT8",
        ),
    ],
)
def test_tensors_that_are_not_where_they_should_be_are_refused(
    fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        read(**fields)


def test_an_answer_becomes_a_message() -> None:
    head = {
        "model_name": "m",
        "model_version": "3",
        "id": "7",
        "outputs": [
            {
                "name": "y",
                "datatype": "UINT8",
                "shape": [2],
                "parameters": {"binary_data_size": 2},
            },
            {
                "name": "z",
                "datatype": "BYTES",
                "shape": [1],
                "parameters": {"binary_data_size": 5, "content_type": "text/plain"},
            },
        ],
    }
    text = json.dumps(head).encode()

    response = response_of(text + b"ab\1\0\0\0c", json_bytes=len(text))

    assert ("m", "3", "7") == (
        response.model_name,
        response.model_version,
        response.id,
    )
    assert [b"ab", b"\1\0\0\0c"] == list(response.raw_output_contents)
    assert [("y", [2]), ("z", [1])] == [
        (one.name, list(one.shape)) for one in response.outputs
    ]
    assert "text/plain" == response.outputs[1].parameters["content_type"].string_param


def test_an_answer_without_outputs_is_json_alone() -> None:
    body = b'{"model_name": "m", "model_version": "0", "outputs": []}'

    assert [] == list(response_of(body, json_bytes=None).outputs)
