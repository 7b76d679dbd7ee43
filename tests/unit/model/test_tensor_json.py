"""Large arrays in JSON are read the short way only when that changes nothing."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import numpy as np
import pytest

import deepaas
from deepaas.errors import InvalidInputError
from deepaas.model import tensor_json
from deepaas.model.arguments import Inputs
from deepaas.model.signature import read_signature
from deepaas.model.tensor_json import dimensions, read_members

Image = Annotated[np.ndarray, deepaas.Tensor("float32", (None, 40, 40))]


def bind(function: Any, body: bytes) -> dict[str, Any]:
    inputs = Inputs()
    inputs.raw_json = body
    return read_signature(function, model="m", operation="predict").bind(inputs)


def image() -> list[Any]:
    return np.linspace(-1, 1, 3 * 40 * 40).reshape(3, 40, 40).tolist()


def test_which_hints_are_arrays_of_floats() -> None:
    assert 3 == dimensions(Image)
    assert 0 == dimensions(Annotated[np.ndarray, deepaas.Tensor("int64", (3,))])
    assert 0 == dimensions(Annotated[np.ndarray, deepaas.Tensor("float32")])
    assert 0 == dimensions(np.ndarray)


def test_a_body_is_read_as_the_longer_way_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def predict(data: Image, name: str = "", *, scale: float = 1.0) -> None: ...

    body = json.dumps({"data": image(), "name": "é", "scale": 2}).encode()
    read = bind(predict, body)
    assert read_members(body, {"data": 3}) is not None
    monkeypatch.setattr(tensor_json, "_simdjson", lambda: None)
    longer = bind(predict, body)

    assert np.float32 == read["data"].dtype == longer["data"].dtype
    assert np.array_equal(read.pop("data"), longer.pop("data"))
    assert {"name": "é", "scale": 2.0} == read == longer


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2], [3]]",  # ragged
        "[[1, [2]], [3, 4]]",  # an element that is no number
        "[[1, null], [3, 4]]",
        '[[1, "2"], [3, 4]]',
        "[[1, true], [3, 4]]",
        '[[1, 2], [3, 4]], "data": 1',  # named twice
        '[[1, 2], [3, 4]], "other": [5]',
        '[[1, 2], [3, 4]], "other": "["',
        "[[1, 2], [3, 4]",  # no JSON
        "[]",
        "[1, 2]",
    ],
)
def test_what_is_not_plain_is_left_to_the_longer_way(text: str) -> None:
    assert read_members(f'{{"data": {text}}}'.encode(), {"data": 2}) is None


@pytest.mark.parametrize("body", [b"[1, 2]", b"3", b"", b"null"])
def test_a_body_that_is_no_object_is_left_to_the_longer_way(body: bytes) -> None:
    assert read_members(body, {"data": 1}) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": [[1.0] * 40] * 40}, "shape"),
        ({"data": [[["x"] * 40] * 40]}, "number"),
        ({"data": [[[1e39] * 40] * 40]}, "range"),
        ({"day": "soon"}, "date"),
        ({"count": "3"}, "integer"),
        ({"more": 1}, "more"),
    ],
)
def test_errors_are_those_of_the_longer_way(
    change: dict[str, Any], reason: str
) -> None:
    def predict(data: Image, count: int = 1, *, day: date = date.max) -> None: ...

    body = json.dumps({"data": image(), **change}).encode()

    with pytest.raises(InvalidInputError) as caught:
        bind(predict, body)

    assert reason in f"{caught.value.detail} {caught.value.errors}"


def test_values_that_only_json_knows_are_read_beside_arrays() -> None:
    def predict(data: Image, day: date) -> None: ...

    body = json.dumps({"data": image(), "day": "2026-01-31"}).encode()

    assert date(2026, 1, 31) == bind(predict, body)["day"]
