from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from PIL.Image import Image
from webargs import fields

import deepaas
from deepaas.model.loading import load_object
from deepaas.model.openinference.specs import TensorSpec, operation_tensors
from deepaas.worker.describe import describe

Photo = Annotated[np.ndarray, deepaas.Tensor("float32", (None, 3))]
Rough = Annotated[np.ndarray, deepaas.Tensor("bfloat16", (2,))]


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Label:
    name: str
    probability: float


@dataclass
class Found:
    mask: Annotated[np.ndarray, deepaas.Tensor("uint8", (None, None))]
    score: float
    labels: list[Label]


def tensors_of(model: Any) -> Any:
    described = describe(load_object("made", model))
    operation = described.operations["predict"]
    return operation_tensors(
        operation.arguments,
        definitions=operation.definitions,
        result_schema=operation.result_schema,
        media_types=operation.media_types,
        is_streaming=operation.is_streaming,
        kind=described.kind,
    )


def shown(spec: TensorSpec) -> tuple[str, list[int], str]:
    return spec.datatype, list(spec.shape), spec.form


def input_of(hint: Any) -> TensorSpec:
    def predict(x: Any) -> None:
        del x

    predict.__annotations__ = {"x": hint}
    found: TensorSpec = tensors_of(predict).inputs["x"]
    return found


def outputs_of(hint: Any) -> dict[str, TensorSpec]:
    def predict() -> Any:
        return None

    predict.__annotations__ = {"return": hint}
    found: dict[str, TensorSpec] = tensors_of(predict).outputs
    return found


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Photo, ("FP32", [-1, 3], "array")),
        (Rough, ("BF16", [2], "array")),
        (Photo | None, ("FP32", [-1, 3], "array")),
        (Annotated[np.ndarray, deepaas.Tensor("int8")], ("INT8", [-1], "array")),
        (float, ("FP64", [1], "values")),
        (int, ("INT64", [1], "values")),
        (bool, ("BOOL", [1], "values")),
        (str, ("BYTES", [1], "values")),
        (dt.date, ("BYTES", [1], "values")),
        (Colour, ("BYTES", [1], "values")),
        (Literal["a", "b"], ("BYTES", [1], "values")),
        (float | int, ("FP64", [1], "values")),
        (list[float], ("FP64", [-1], "values")),
        (list[list[int]], ("INT64", [-1, -1], "values")),
        (list[str], ("BYTES", [-1], "values")),
        (bytes, ("BYTES", [1], "file")),
        (Image, ("BYTES", [1], "file")),
        (list[Path], ("BYTES", [-1], "file")),
        (int | None, ("BYTES", [1], "json")),
        (int | str, ("BYTES", [1], "json")),
        (dict[str, int], ("BYTES", [1], "json")),
        (Label, ("BYTES", [1], "json")),
        (list[Label], ("BYTES", [1], "json")),
        (tuple[int, str], ("BYTES", [1], "json")),
        (Any, ("BYTES", [1], "json")),
    ],
    ids=str,
)
def test_an_argument_is_an_input(
    hint: Any, expected: tuple[str, list[int], str]
) -> None:
    assert expected == shown(input_of(hint))


def test_an_optional_argument_is_what_it_is_when_it_is_there() -> None:
    def predict(x: int | None = None) -> None:
        del x

    [spec] = tensors_of(predict).inputs.values()

    assert ("INT64", [1], "values") == shown(spec)
    assert spec.is_optional


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Photo, ("FP32", [-1, 3], "array")),
        (float, ("FP64", [1], "values")),
        (list[int], ("INT64", [-1], "values")),
        (str, ("BYTES", [1], "values")),
        (list[list[float]], ("BYTES", [1], "json")),
        (Label, ("BYTES", [1], "json")),
        (float | None, ("BYTES", [1], "json")),
        (Image, ("BYTES", [1], "file")),
        (bytes, ("BYTES", [1], "file")),
        (Any, ("BYTES", [1], "json")),
        (Iterator[int], ("BYTES", [1], "json")),
    ],
    ids=str,
)
def test_a_result_is_an_output(hint: Any, expected: tuple[str, list[int], str]) -> None:
    [(name, spec)] = outputs_of(hint).items()

    assert "predictions" == name
    assert expected == shown(spec)


def test_an_object_with_arrays_is_an_output_for_each_member() -> None:
    outputs = outputs_of(Found)

    assert {
        "mask": ("UINT8", [-1, -1], "array"),
        "score": ("FP64", [1], "values"),
        "labels": ("BYTES", [1], "json"),
    } == {name: shown(spec) for name, spec in outputs.items()}


def test_items_of_a_batch_are_described_as_arguments() -> None:
    @dataclass
    class Item:
        x: Photo

    @deepaas.batched(max_size=4)
    def predict(items: list[Item]) -> list[Photo]:
        return [one.x for one in items]

    returned = list[Photo | Exception]
    predict.__annotations__ = {"items": list[Item], "return": returned}
    tensors = tensors_of(predict)

    assert ("FP32", [-1, 3], "array") == shown(tensors.inputs["x"])
    assert ("FP32", [-1, 3], "array") == shown(tensors.outputs["predictions"])


def test_a_2x_model_has_its_fields_but_those_in_the_head() -> None:
    class Legacy:
        def get_predict_args(self) -> dict[str, Any]:
            return {
                "data": fields.Field(required=True, type="file", location="form"),
                "n": fields.Int(load_default=1),
                "token": fields.Str(location="headers"),
            }

        def predict(self, **kwargs: Any) -> Any:
            return kwargs

    tensors = tensors_of(Legacy())

    assert {
        "data": ("BYTES", [1], "file"),
        "n": ("INT64", [1], "values"),
    } == {name: shown(spec) for name, spec in tensors.inputs.items()}
    assert ("BYTES", [1], "json") == shown(tensors.outputs["predictions"])


def test_metadata_say_what_text_is_json_and_what_may_be_left_out() -> None:
    def predict(options: dict[str, int] | None = None) -> None:
        del options

    [spec] = tensors_of(predict).inputs.values()

    assert {
        "name": "options",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"content_type": "application/json"},
        "optional": True,
    } == spec.document()
