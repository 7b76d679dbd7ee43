from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import PIL.Image
import pytest
from pydantic import BaseModel, Field, RootModel
from tests.support.signatures import (
    errors_of,
    signature,
    uploaded,
)

import deepaas
from deepaas.errors import SignatureError
from deepaas.model.arguments import Inputs
from deepaas.model.signature import BATCH_ITEM

if TYPE_CHECKING:
    from pathlib import Path


class Box(BaseModel):
    x: int
    tags: list[str] = []


class Tree(BaseModel):
    children: list[Tree] = []


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    path = tmp_path / "upload.png"
    PIL.Image.new("RGB", (3, 2)).save(path)
    return path


@dataclasses.dataclass
class Photo:
    """One photo.

    Attributes:
        top_k: How many labels.
    """

    photo: PIL.Image.Image
    top_k: Annotated[int, Field(ge=1)] = 3
    notes: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.top_k > 5:
            raise ValueError("top_k is too large")


@deepaas.batched(max_size=4)
def predict_photos(items: list[Photo]) -> None: ...


@deepaas.batched(max_size=4)
def predict_boxes(items: list[Box]) -> None: ...


@deepaas.batched(max_size=4)
def predict_trees(items: list[Tree]) -> None: ...


def test_the_arguments_of_a_batch_are_the_fields_of_its_item(image_file: Path) -> None:
    read = signature(predict_photos)

    bound = read.bind(Inputs(form=[("photo", uploaded(image_file)), ("top_k", "2")]))

    assert ["photo", "top_k", "notes"] == [one.name for one in read.arguments]
    assert "How many labels." == read.arguments[1].description
    assert {BATCH_ITEM} == set(bound)
    assert ((3, 2), 2, []) == (
        bound["item"].photo.size,
        bound["item"].top_k,
        bound["item"].notes,
    )


def test_an_item_that_is_a_pydantic_model_validates_itself() -> None:
    read = signature(predict_boxes)

    assert {BATCH_ITEM: Box(x=1)} == read.bind(Inputs(raw_json=b'{"x": 1}'))
    assert {"/x", "/y"} == set(
        errors_of(lambda: read.bind(Inputs(raw_json=b'{"x": "a", "y": 1}')))
    )


def test_an_item_may_refer_to_its_own_class() -> None:
    read = signature(predict_trees)

    assert ["children"] == [one.name for one in read.arguments]
    assert {BATCH_ITEM: Tree()} == read.bind(Inputs(raw_json=b"{}"))


def test_an_item_that_refuses_its_fields_is_a_callers_error(image_file: Path) -> None:
    inputs = Inputs(form=[("photo", uploaded(image_file)), ("top_k", "6")])

    found = errors_of(lambda: signature(predict_photos).bind(inputs))

    assert {"": "top_k is too large"} == found


@pytest.mark.parametrize(
    "hint", [list[int], Photo, tuple[Photo, ...], list, list[Any]], ids=str
)
def test_a_batch_is_a_list_of_items(hint: Any) -> None:
    def predict(items: Any) -> None: ...

    predict.__annotations__ = {"items": hint}

    with pytest.raises(SignatureError, match=r"list\[Item\]"):
        signature(deepaas.batched(max_size=2)(predict))


def test_an_item_has_fields() -> None:
    def predict(items: list[RootModel[int]]) -> None: ...

    with pytest.raises(SignatureError, match=r"list\[Item\]"):
        signature(deepaas.batched(max_size=2)(predict))
