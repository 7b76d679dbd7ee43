"""marshmallow fields as JSON Schema."""

from __future__ import annotations

import datetime
import enum
from typing import Any

import marshmallow
import pytest
from webargs import fields, validate

from deepaas.model.legacy.field_schemas import field_schema, object_schema


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Point(marshmallow.Schema):
    x = fields.Int(required=True)
    label = fields.Str(data_key="Label")


class Tree(marshmallow.Schema):
    name = fields.Str()
    children = fields.List(fields.Nested(lambda: Tree()))


POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "Label": {"type": "string"}},
    "required": ["x"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (fields.Str(), {"type": "string"}),
        (fields.Int(), {"type": "integer"}),
        (fields.Float(), {"type": "number"}),
        (fields.Decimal(), {"type": "number"}),
        (fields.Bool(), {"type": "boolean"}),
        (fields.Date(), {"type": "string", "format": "date"}),
        (fields.DateTime(), {"type": "string", "format": "date-time"}),
        (fields.DateTime(format="timestamp"), {"type": "number"}),
        (fields.Time(), {"type": "string", "format": "time"}),
        (fields.TimeDelta(), {"type": "integer"}),
        (fields.UUID(), {"type": "string", "format": "uuid"}),
        (fields.Url(), {"type": "string", "format": "uri"}),
        (fields.Email(), {"type": "string", "format": "email"}),
        (fields.Time(format="iso"), {"type": "string", "format": "time"}),
        (fields.Raw(), {}),
        (fields.Constant(3), {"enum": [3], "default": 3}),
        (fields.Enum(Colour), {"enum": ["RED", "GREEN"]}),
        (fields.Enum(Colour, by_value=True), {"enum": [1, 2]}),
        (fields.Dict(), {"type": "object"}),
        (
            fields.Dict(values=fields.Int()),
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ),
        (fields.List(fields.Int()), {"type": "array", "items": {"type": "integer"}}),
        (fields.DelimitedList(fields.Int()), {"type": "string"}),
        (
            fields.Tuple((fields.Int(), fields.Str())),
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (fields.Nested(Point), POINT),
        (fields.Nested(Point, many=True), {"type": "array", "items": POINT}),
        (
            fields.Nested(Point, unknown=marshmallow.INCLUDE),
            {name: POINT[name] for name in ("type", "properties", "required")},
        ),
        (fields.Pluck(Point, "x"), {"type": "integer"}),
        (
            fields.Pluck(Point, "x", many=True),
            {"type": "array", "items": {"type": "integer"}},
        ),
    ],
    ids=range(28),
)
def test_each_field_has_its_type(field: Any, expected: dict[str, Any]) -> None:
    assert expected == field_schema(field)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (fields.Int(validate=validate.Range(1, 10)), {"minimum": 1, "maximum": 10}),
        (
            fields.Int(validate=validate.Range(1, None, min_inclusive=False)),
            {"exclusiveMinimum": 1},
        ),
        (
            fields.Int(validate=validate.Range(None, 9, max_inclusive=False)),
            {"exclusiveMaximum": 9},
        ),
        (fields.Float(validate=validate.Range(max=float("inf"))), {}),
        (fields.Date(validate=validate.Range(datetime.date(2024, 1, 1))), {}),
        (fields.Str(validate=validate.Length(2, 4)), {"minLength": 2, "maxLength": 4}),
        (
            fields.Str(validate=validate.Length(equal=3)),
            {"minLength": 3, "maxLength": 3},
        ),
        (
            fields.List(fields.Raw(), validate=validate.Length(max=4)),
            {"maxItems": 4},
        ),
        (fields.Dict(validate=validate.Length(min=0)), {"minProperties": 0}),
        (fields.Str(validate=validate.OneOf("ab")), {}),
        (fields.Str(validate=validate.OneOf(("a", "b"))), {"enum": ["a", "b"]}),
        (fields.Str(validate=validate.Equal("a")), {"enum": ["a"]}),
        (fields.Str(validate=validate.Regexp("a+$")), {"pattern": "^(?:a+$)"}),
        (fields.Str(validate=validate.Regexp("^a")), {"pattern": "^a"}),
        (fields.Str(validate=validate.Regexp("(?i)a")), {}),
        (fields.Str(validate=validate.Regexp(r"\Aa\Z")), {}),
        (
            fields.Int(validate=validate.And(validate.Range(1), validate.Range(max=3))),
            {"minimum": 1, "maximum": 3},
        ),
        (
            fields.Int(validate=[validate.Range(1), validate.Range(max=3)]),
            {"minimum": 1, "maximum": 3},
        ),
        (fields.Int(validate=lambda value: None), {}),
    ],
    ids=range(19),
)
def test_validators_are_described_where_json_schema_can(
    field: Any, expected: dict[str, Any]
) -> None:
    described = field_schema(field)

    assert expected == {
        name: described[name]
        for name in described
        if name not in ("type", "items", "format")
    }


def test_choices_of_elements_are_told() -> None:
    field = fields.List(fields.Str(), validate=validate.ContainsOnly(["cat", "dog"]))

    assert {"type": "string", "enum": ["cat", "dog"]} == field_schema(field)["items"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"format": "password"}, {"type": "string", "format": "password"}),
        ({"minimum": 1, "maximum": 5}, {"type": "string", "minimum": 1, "maximum": 5}),
        ({"description": "A\n\nB"}, {"type": "string", "description": "A\n\nB"}),
        ({"example": "x"}, {"type": "string", "examples": ["x"]}),
        ({"enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"enum": {"a": 1}}, {"type": "string", "enum": ["a"]}),
        ({"enum": "abc"}, {"type": "string"}),
        ({"enum": [object()]}, {"type": "string"}),
        ({"type": "integer"}, {"type": "string"}),
    ],
    ids=range(9),
)
def test_metadata_is_told(metadata: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == field_schema(fields.Str(metadata=metadata))


def test_a_type_is_believed_where_the_field_has_none() -> None:
    assert {"type": "object"} == field_schema(fields.Raw(metadata={"type": "object"}))


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (3, 3),
        (False, False),
        (None, None),
        ([1.0], [1.0]),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        ({1, 2}, [1, 2]),
    ],
)
def test_defaults_are_told_as_json(default: Any, expected: Any) -> None:
    assert expected == field_schema(fields.Raw(load_default=default))["default"]


@pytest.mark.parametrize(
    "default", [object(), lambda: 3, float("nan")], ids=["object", "callable", "nan"]
)
def test_defaults_without_a_form_in_json_are_left_out(default: Any) -> None:
    assert "default" not in field_schema(fields.Raw(load_default=default))


def test_null_is_an_alternative_with_the_description_outside() -> None:
    field = fields.Str(
        load_default=None, metadata={"description": "d"}, validate=validate.OneOf(["a"])
    )

    assert {
        "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}],
        "description": "d",
        "default": None,
    } == field_schema(field)


def test_a_schema_that_contains_itself_is_cut_off() -> None:
    described = object_schema(Tree())

    assert {"type": "object"} == described["properties"]["children"]["items"]


def test_a_field_of_the_models_own_is_described_as_what_it_derives_from() -> None:
    class Percent(fields.Float):
        pass

    class Anything(fields.Field):
        pass

    assert {"type": "number"} == field_schema(Percent())
    assert {} == field_schema(Anything())
