"""Walking schemas changes references, and never data."""

from __future__ import annotations

from typing import Any

import pytest

from deepaas.frontends.api.json_schema import (
    allows_null,
    is_plausible,
    map_schema,
    rename_references,
    resolve,
    without_null,
)

RENAMED = {"#/$defs/Label": "#/components/schemas/plants_Label"}
OLD = {"$ref": "#/$defs/Label"}
NEW = {"$ref": "#/components/schemas/plants_Label"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (OLD, NEW),
        ({"items": OLD}, {"items": NEW}),
        ({"anyOf": [OLD, True]}, {"anyOf": [NEW, True]}),
        ({"properties": {"a": OLD}}, {"properties": {"a": NEW}}),
        ({"additionalProperties": OLD}, {"additionalProperties": NEW}),
        ({"$defs": {"B": {"items": OLD}}}, {"$defs": {"B": {"items": NEW}}}),
        (
            {"discriminator": {"propertyName": "k", "mapping": {"x": OLD["$ref"]}}},
            {"discriminator": {"propertyName": "k", "mapping": {"x": NEW["$ref"]}}},
        ),
    ],
)
def test_references_are_renamed(
    schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert expected == rename_references(schema, RENAMED)


@pytest.mark.parametrize(
    "schema",
    [
        {"default": OLD},
        {"const": OLD},
        {"enum": [OLD]},
        {"examples": [{"items": OLD}]},
        {"properties": {"$ref": {"type": "string"}}},
        {"properties": {"discriminator": {"type": "string"}}},
        {"$ref": "#/$defs/Other"},
        True,
    ],
)
def test_data_and_other_references_stay(schema: Any) -> None:
    assert schema == rename_references(schema, RENAMED)


def test_a_schema_is_not_changed_in_place() -> None:
    schema = {"items": {"$ref": "#/$defs/Label"}}
    rename_references(schema, RENAMED)
    assert {"items": OLD} == schema


def test_outer_schemas_are_changed_first() -> None:
    order: list[str] = []

    def note(schema: dict[str, Any]) -> dict[str, Any]:
        order.append(schema["title"])
        return schema

    map_schema({"title": "outer", "items": {"title": "inner"}}, note)

    assert ["outer", "inner"] == order


def test_what_a_reference_means_has_the_keywords_beside_it_on_top() -> None:
    definitions = {"A": {"$ref": "#/$defs/B", "title": "A"}, "B": {"type": "string"}}
    assert {"type": "string", "title": "A", "default": "x"} == resolve(
        {"$ref": "#/$defs/A", "default": "x"}, definitions
    )


@pytest.mark.parametrize("definitions", [{}, {"A": {"$ref": "#/$defs/A"}}, {"A": True}])
def test_a_reference_that_leads_nowhere_means_anything(
    definitions: dict[str, Any],
) -> None:
    assert {"title": "x"} == resolve({"$ref": "#/$defs/A", "title": "x"}, definitions)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"type": ["null", "string", "integer"]}, {"type": ["string", "integer"]}),
        ({"anyOf": [OLD, {"type": "null"}], "default": None}, {**OLD, "default": None}),
        (
            {"oneOf": [OLD, {"type": "null"}, {"type": "string"}]},
            {"oneOf": [OLD, {"type": "string"}]},
        ),
        ({"type": "string"}, {"type": "string"}),
        ({"anyOf": [True, {"type": "null"}]}, {"anyOf": [True]}),
    ],
)
def test_null_is_taken_out(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == without_null(schema)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "null"}, True),
        ({"type": ["string", "null"]}, True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ({"type": "string"}, False),
        ({}, False),
        ({"anyOf": [True]}, False),
    ],
)
def test_null_is_seen(schema: dict[str, Any], *, expected: bool) -> None:
    assert expected == allows_null(schema)


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        (1, {"type": "integer"}, True),
        (1, {"type": "number"}, True),
        (1.5, {"type": "integer"}, False),
        (True, {"type": "integer"}, False),
        (True, {"type": ["integer", "boolean"]}, True),
        (1, {"type": "string"}, False),
        (None, {"type": "string"}, False),
        (None, {"type": ["string", "null"]}, True),
        ([], {"type": "array"}, True),
        ("a", {"enum": ["a", "b"]}, True),
        ("c", {"enum": ["a", "b"]}, False),
        ({"x": 1}, {}, True),
    ],
)
def test_a_value_is_plausible_by_type_and_choice(
    value: object, schema: dict[str, Any], *, expected: bool
) -> None:
    assert expected == is_plausible(value, schema)
