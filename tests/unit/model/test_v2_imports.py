"""The import paths of 2.x, as published models and their tests use them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from deepaas.model.v2 import base, wrapper
from deepaas.model.v2.base import BaseModel
from deepaas.model.v2.wrapper import ReturnedFile, UploadedFile

FIELDS = ("name", "filename", "content_type", "original_filename")


@pytest.mark.parametrize("file_class", [UploadedFile, ReturnedFile])
def test_a_file_is_a_tuple_of_four_that_may_be_left_out(file_class: Any) -> None:
    assert FIELDS == file_class._fields
    assert (None,) * 4 == file_class()
    assert ("a", "b", None, None) == file_class("a", filename="b")


def test_a_file_is_compared_taken_apart_and_copied() -> None:
    file = wrapper.UploadedFile("files", "/x", "application/octet-stream", "x.jpg")
    name, path, *_ = file

    assert ("files", "/x") == (name, path)
    assert file == copy.deepcopy(file)
    assert file._replace(name="data").name == "data"


class Plants(BaseModel):
    def get_metadata(self) -> dict[str, Any]:
        return super().get_metadata()  # type: ignore[safe-super]  # models do it

    def warm(self) -> None:
        super().warm()  # type: ignore[safe-super]  # models do it

    def get_predict_args(self) -> dict[str, Any]:
        return super().get_predict_args()  # type: ignore[safe-super]  # models do it

    def predict(self, **kwargs: Any) -> Any:
        return super().predict(**kwargs)  # type: ignore[safe-super]  # models do it

    def get_train_args(self) -> dict[str, Any]:
        return super().get_train_args()  # type: ignore[safe-super]  # models do it

    def train(self, **kwargs: Any) -> Any:
        return super().train(**kwargs)  # type: ignore[safe-super]  # models do it


@pytest.mark.parametrize(
    "method",
    ["get_metadata", "warm", "get_predict_args", "predict", "get_train_args", "train"],
)
def test_what_the_base_class_leaves_open_is_not_implemented(method: str) -> None:
    with pytest.raises(NotImplementedError):
        getattr(Plants(), method)()


def test_the_base_class_has_no_schema_and_cannot_be_made() -> None:
    assert Plants.schema is None
    with pytest.raises(TypeError, match="abstract"):
        base.BaseModel()  # type: ignore[abstract]  # that is the test
