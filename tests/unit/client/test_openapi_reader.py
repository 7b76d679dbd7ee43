"""What the document says of a model is read back as it was described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import descriptions
from tests.support.descriptions import FILE, argument, model

from deepaas.client.openapi_reader import model_names, read_operation
from deepaas.frontends.api.openapi import openapi_document
from deepaas.model.schemas import SchemaReader

if TYPE_CHECKING:
    from deepaas.messages import ModelDescription, OperationDescription

V2 = model(
    argument("size", {"type": "integer", "default": 3}),
    argument("page", {"type": "integer", "description": "Which"}, location="query"),
    argument("X-Who", {"type": "string", "default": "me"}, location="header"),
    argument("session", {"type": "string", "default": ""}, location="cookie"),
    argument("note", {"type": "string", "default": ""}, location="json"),
    kind="v2",
)
PICTURES = model(
    argument("image", FILE, is_file=True),
    argument(
        "accept",
        {"type": "string", "enum": ["image/png", "image/gif"], "default": "image/png"},
        location="header",
    ),
    kind="v2",
    media_types=("image/png", "image/gif"),
)


def predict(described: ModelDescription, *, name: str = "m") -> OperationDescription:
    document = openapi_document({name: described}, version="3.0.0")
    found = read_operation(document, name, "predict")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "described",
    [
        descriptions.PLANTS,
        descriptions.SHAPES,
        descriptions.STORY,
        descriptions.GALLERY,
        V2,
    ],
)
def test_arguments_are_read_as_they_were_described(
    described: ModelDescription,
) -> None:
    expected = described.operations["predict"]
    found = predict(described)

    facts = ("name", "required", "location", "is_file", "description")
    assert sorted(
        [getattr(one, fact) for fact in facts] for one in expected.arguments
    ) == sorted([getattr(one, fact) for fact in facts] for one in found.arguments)
    assert expected.allows_unknown == found.allows_unknown
    assert set(expected.media_types) >= set(found.media_types)


def test_references_lead_to_definitions() -> None:
    found = predict(descriptions.SHAPES)
    [label] = [one for one in found.arguments if one.name == "label"]

    assert frozenset({"object"}) == SchemaReader(found.definitions).types(label.schema)


def test_a_2x_model_keeps_its_accept() -> None:
    [accept] = [one for one in predict(PICTURES).arguments if one.name == "accept"]

    assert "header" == accept.location
    assert ["image/png", "image/gif"] == accept.schema["enum"]


def test_names_may_need_quoting() -> None:
    document = openapi_document(
        {"röse finder": descriptions.STORY, "b": descriptions.PLANTS}, version="3"
    )

    assert ["röse finder", "b"] == model_names(document)
    assert read_operation(document, "röse finder", "predict") is not None


def test_a_model_that_is_not_there_is_none() -> None:
    assert read_operation({"paths": {}}, "plants", "predict") is None
