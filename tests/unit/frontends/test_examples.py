"""Examples are values that their schema allows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from deepaas.frontends.api.examples import NoExampleError, example_of

bounds = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
numbers = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={
        "minimum": bounds,
        "exclusiveMinimum": bounds,
        "maximum": bounds,
        "exclusiveMaximum": bounds,
        "multipleOf": st.integers(1, 50),
    },
)
texts = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "minLength": st.integers(0, 200),
        "maxLength": st.integers(0, 200),
        "format": st.sampled_from(["date", "uuid", "email", "unheard-of"]),
    },
)
plain = st.one_of(
    numbers,
    texts,
    st.just({"type": "boolean"}),
    st.just({"type": ["null", "string"]}),
    st.builds(lambda values: {"enum": values}, st.lists(st.integers(), min_size=1)),
    st.just({"$ref": "#/$defs/Tree"}),
    st.booleans(),
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={
            "minItems": st.integers(0, 3),
            "maxItems": st.integers(3, 5),
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "uniqueItems": st.booleans(),
        },
    )
    objects = st.builds(
        lambda properties: {
            "type": "object",
            "properties": properties,
            "required": list(properties),
        },
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
    alternatives = st.builds(
        lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)
    )
    return arrays | objects | alternatives


TREE = {
    "Tree": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
        },
        "required": ["name"],
    }
}


@given(st.recursive(plain, nested, max_leaves=8))
def test_an_example_is_valid(schema: Any) -> None:
    try:
        value = example_of(schema, definitions=TREE)
    except NoExampleError:
        assume(False)
    whole = {"allOf": [schema], "$defs": TREE}
    assert OAS31Validator(whole).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "examples": [7, 8], "default": 3}, 7),
        ({"type": "integer", "default": 3}, 3),
        ({"const": "x"}, "x"),
        ({"enum": ["red", "green"]}, "red"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "minimum": 3, "multipleOf": 7}, 7),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 0}, []),
        ({"anyOf": [{"pattern": "a+"}, {"type": "boolean"}]}, True),
        ({"$ref": "#/$defs/Tree"}, {"name": "text"}),
    ],
)
def test_an_example_is_the_first_that_can_be_seen(
    schema: dict[str, Any], expected: object
) -> None:
    assert expected == example_of(schema, definitions=TREE)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {},
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        {"type": "string", "format": "binary"},
        {"type": "string", "minLength": 10_000_000},
        {"type": "array", "items": True, "minItems": 10_000_000},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"not": {"type": "string"}},
        {"type": "object", "minProperties": 1},
        {"anyOf": [{"pattern": "a+"}]},
        {"type": []},
        {"$ref": "#/$defs/Endless"},
    ],
)
def test_what_cannot_be_seen_has_no_example(schema: Any) -> None:
    endless = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Endless"}},
        "required": ["next"],
    }
    with pytest.raises(NoExampleError):
        example_of(schema, definitions={"Endless": endless})
