from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import BodyTooLargeError, DeepaasError
from deepaas.model.openinference.request import Request, deflated, read_request

if TYPE_CHECKING:
    from pathlib import Path

X = {"name": "x", "shape": [2], "datatype": "UINT8"}


def body_of(*inputs: Any, **more: Any) -> bytes:
    return json.dumps({"inputs": list(inputs), **more}).encode()


def read(
    document: bytes, tensors: bytes = b"", *, coding: str = "", limit_bytes: int = 0
) -> Request:
    body = document + tensors
    return read_request(
        deflated(body, coding=coding) if coding else body,
        json_bytes=len(document) if tensors else None,
        coding=coding,
        limit_bytes=limit_bytes,
    )


def binary(size: Any, **more: Any) -> dict[str, Any]:
    return {**X, "parameters": {"binary_data_size": size}, **more}


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_tensors_follow_the_json(coding: str) -> None:
    request = read(body_of(binary(2), binary(2), id="7"), b"abcd", coding=coding)

    assert "7" == request.id
    assert [2, 2] == request.sizes
    assert [b"ab", b"cd"] == [bytes(request.tensors.take(2)) for _ in range(2)]


def test_tensors_are_read_from_a_file_too(tmp_path: Path) -> None:
    document = body_of(binary(2))
    path = tmp_path / "body"
    path.write_bytes(document + b"ab")

    request = read_request(path, json_bytes=len(document), coding="", limit_bytes=0)

    with request.tensors as tensors:
        taken = tensors.take(2)
    assert b"ab" == bytes(taken)
    assert not taken.readonly


@pytest.mark.parametrize(
    ("parameters", "output", "expected"),
    [
        ({}, {}, False),
        ({"binary_data_output": True}, {}, True),
        ({}, {"binary_data": True}, True),
        ({"binary_data_output": True}, {"binary_data": False}, False),
    ],
)
def test_what_an_output_says_counts_more(
    parameters: dict[str, Any], output: dict[str, Any], expected: bool
) -> None:
    request = read(
        body_of(parameters=parameters, outputs=[{"name": "y", "parameters": output}])
    )

    assert {"y": expected} == request.outputs


def test_null_is_as_good_as_nothing() -> None:
    request = read(body_of(id=None, parameters=None, outputs=None))

    assert ("", {}, False) == (request.id, request.outputs, request.is_binary)


@pytest.mark.parametrize(
    ("document", "tensors", "reason"),
    [
        (b"", b"", "no inference request"),
        (b"[]", b"", "no inference request"),
        (b'{"inputs": 3}', b"", "Expected `array`"),
        (b"{}", b"", "`inputs`"),
        (body_of({**X, "shape": [-1], "data": []}), b"", "Expected `int` >= 0"),
        (body_of({**X, "datatype": 3, "data": []}), b"", "Expected `str`"),
        (b'{"inputs": [NaN]}', b"", "neither NaN nor infinity"),
        (b'{"inputs": [-Infinity]}', b"", "neither NaN nor infinity"),
        (b'{"inputs": []}\0\1\2', b"", "Inference-Header-Content-Length"),
        (body_of(X), b"", "'x' has no data"),
        (body_of({**binary(2), "data": [1, 2]}), b"ab", "both"),
        (body_of(binary(2)), b"", "say where the JSON ends"),
        (body_of(binary(3)), b"abc", "has 3 bytes, but UINT8 of shape"),
        (body_of(binary(2)), b"abc", "announce 2 bytes .* but 3 follow"),
        (body_of(binary(-2)), b"ab", "no number of bytes"),
        (body_of(binary("2")), b"ab", "no number of bytes"),
        (body_of(binary(True)), b"ab", "no number of bytes"),
        (body_of(parameters={"sequence_id": 3}), b"", "sequence extension"),
        (body_of(parameters={"binary_data_output": 1}), b"", "true or false"),
        (
            body_of(outputs=[{"name": "y", "parameters": {"classification": 2}}]),
            b"",
            "classification extension",
        ),
        (
            body_of({**X, "parameters": {"shared_memory_region": "r"}}),
            b"",
            "shared memory extension",
        ),
    ],
)
def test_what_is_wrong_is_said(document: bytes, tensors: bytes, reason: str) -> None:
    with pytest.raises(DeepaasError, match=reason):
        read(document, tensors)


def test_json_that_is_longer_than_the_body_is_refused() -> None:
    with pytest.raises(DeepaasError, match="is 900, but the body has only 2 bytes"):
        read_request(b"{}", json_bytes=900, coding="", limit_bytes=0)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_refused(coding: str) -> None:
    document = body_of({**X, "data": [0, 0], "parameters": {"much": "0" * 10_000}})

    with pytest.raises(BodyTooLargeError):
        read(document, coding=coding, limit_bytes=len(document) - 1)
    assert [None] == read(document, coding=coding, limit_bytes=len(document)).sizes


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"", b"plain", b"cut"])
def test_what_is_not_compressed_is_refused(coding: str, body: bytes) -> None:
    if body == b"cut":
        body = deflated(b"{}" * 9, coding=coding)[:-1]

    with pytest.raises(DeepaasError, match=coding):
        read_request(body, json_bytes=None, coding=coding, limit_bytes=0)


@given(st.binary(max_size=200), st.none() | st.integers(0, 300))
def test_any_bytes_are_a_request_or_the_callers_fault(
    body: bytes, json_bytes: int | None
) -> None:
    with suppress(DeepaasError):
        read_request(body, json_bytes=json_bytes, coding="", limit_bytes=0)


def test_nothing_may_follow_the_end_of_a_compressed_body() -> None:
    body = deflated(body_of(binary(2)), coding="gzip")

    with pytest.raises(DeepaasError, match="follows the end"):
        read_request(body + body, json_bytes=None, coding="gzip", limit_bytes=0)


@pytest.mark.parametrize("shape", [[1 << 62] * 300, [0, 1 << 70]])
def test_a_shape_that_no_array_has_is_refused(shape: list[int]) -> None:
    with pytest.raises(DeepaasError, match="no inference request"):
        read(body_of({**X, "shape": shape, "data": []}))
