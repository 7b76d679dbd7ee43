from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import PIL.Image
import pytest
from pydantic import BaseModel, Field, create_model
from tests.support.signatures import (
    argument,
    errors_of,
    from_json,
    of,
    refusal,
    signature,
)

import deepaas
from deepaas.errors import SignatureError
from deepaas.model.arguments import Inputs


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Box(BaseModel):
    x: int
    tags: list[str] = []


class Tree(BaseModel):
    children: list[Tree] = []


class Limits(BaseModel):
    """Has fields that are called like keywords of JSON Schema."""

    lt: int
    format: str = "path"
    items: dict[str, int] = {}


def test_arguments_are_described_in_the_authors_order() -> None:
    def predict(
        b: Annotated[int, Field(ge=1, description="Of the hint.", examples=[4])] = 3,
        a: Annotated[float, Field(alias="class")] = 1.5,
        *,
        c: Colour = Colour.RED,
        d: str,
    ) -> None:
        """Predict.

        Args:
            b: Of the docstring.
            d: Second.
        """

    first, second, third, fourth = signature(predict).arguments

    assert ("b", "class", "c", "d") == (
        first.name,
        second.name,
        third.name,
        fourth.name,
    )
    assert {
        "type": "integer",
        "minimum": 1,
        "default": 3,
        "description": "Of the hint.",
        "examples": [4],
    } == first.schema
    assert "a" == second.keyword
    assert {"$ref": "#/$defs/Colour", "default": "red"} == third.schema
    assert "Second." == fourth.description
    assert [False, False, False, True] == [
        one.required for one in (first, second, third, fourth)
    ]


def test_definitions_are_collected() -> None:
    read = of(list[Tree])

    assert {"type": "array", "items": {"$ref": "#/$defs/Tree"}} == read.arguments[
        0
    ].schema
    assert "Tree" in read.definitions


@pytest.mark.parametrize("default", [object(), float("nan"), float("inf"), b"\xff"])
def test_a_default_that_json_cannot_hold_is_not_shown(default: Any) -> None:
    only = argument(Any, default)

    assert "default" not in only.schema
    assert not only.required


def test_a_field_as_default_is_understood() -> None:
    def predict(x: int = Field(default=3, ge=1), y: int = Field(ge=1)) -> None: ...

    read = signature(predict)

    assert {"x": 3, "y": 1} == read.bind(Inputs(raw_json=b'{"y": 1}'))
    assert errors_of(lambda: read.bind(Inputs(raw_json=b'{"x": 0, "y": 0}')))


def test_fields_may_be_called_like_keywords_of_json_schema() -> None:
    assert Limits(lt=1) == from_json(Limits, {"lt": 1})


def test_any_parameter_name_will_do() -> None:
    def predict(json: int, _x: int, copy: int, model_config: int) -> None: ...

    body = b'{"json": 1, "_x": 2, "copy": 3, "model_config": 4}'

    assert {"json": 1, "_x": 2, "copy": 3, "model_config": 4} == signature(
        predict
    ).bind(Inputs(raw_json=body))


# ------------------------------------------------------------ kinds of functions


class Model:
    def predict(self, x: int) -> int:
        return x

    def __call__(self, x: int) -> int:
        return x


def plain(x: int) -> int:
    return x


@functools.wraps(plain)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return plain(*args, **kwargs)


@pytest.mark.parametrize(
    "function",
    [
        plain,
        Model().predict,
        Model(),
        wrapped,
        functools.lru_cache(plain),
        functools.partial(plain),
    ],
    ids=["function", "method", "object", "decorated", "cached", "partial"],
)
def test_every_kind_of_callable_is_read(function: Any) -> None:
    read = signature(function)

    assert {"x": 1} == read.bind(Inputs(raw_json=b'{"x": 1}'))
    assert errors_of(lambda: read.bind(Inputs(raw_json=b'{"x": "a"}')))


def test_a_model_without_arguments_takes_none() -> None:
    def predict() -> None: ...

    found = errors_of(lambda: signature(predict).bind(Inputs(query=[("a", "1")])))

    assert {} == signature(predict).bind(Inputs())
    assert {"/a": "Unknown: 'a'."} == found


# ------------------------------------------------------------ hints that nobody serves


class Foreign: ...


WithPath = create_model("WithPath", weights=(Path, ...))


@pytest.mark.parametrize(
    ("hint", "parts"),
    [
        (Foreign, ["x: ", "Foreign", "dataclass"]),
        (list[Foreign], ["Foreign", "dataclass"]),
        (np.ndarray, ["numpy.ndarray", "deepaas.Tensor"]),
        (np.float32, ["numpy.float32"]),
        (PIL.Image, ["PIL.Image", "PIL.Image.Image"]),
        (BinaryIO, ["deepaas.File"]),
        (WithPath, ["deepaas.File"]),
        (Callable[[int], int], ["Callable"]),
        (Annotated[str, Field(ge=1)], ["limit"]),
        (Annotated[int, Field(max_length=1)], ["limit"]),
        (Annotated[np.ndarray, deepaas.Tensor("float23")], ["float23"]),
        (Annotated[np.ndarray, deepaas.Tensor("S3")], ["S3"]),
        ("Nowhere", ["Nowhere", "TYPE_CHECKING"]),
        ("1 +", ["hints"]),
    ],
)
def test_a_hint_that_cannot_be_served_is_named(hint: Any, parts: list[str]) -> None:
    text = refusal(hint)

    assert text.startswith("predict(")
    assert all(part in text for part in parts), text


@pytest.mark.parametrize(
    ("function", "head"),
    [
        (lambda *x: x, "predict(*x): "),
        (lambda **x: x, "predict(**x): "),
        (lambda x, /: x, "predict(x, /): "),
    ],
)
def test_arguments_that_have_no_name_are_refused(function: Any, head: str) -> None:
    with pytest.raises(SignatureError) as caught:
        signature(function)

    assert caught.value.reason.startswith(head)
    assert caught.value.model == "plants"


def test_two_arguments_cannot_have_one_name() -> None:
    def predict(a: int, b: Annotated[int, Field(alias="a")]) -> None: ...

    with pytest.raises(SignatureError, match="same name"):
        signature(predict)
