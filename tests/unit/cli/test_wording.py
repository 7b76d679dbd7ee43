"""What an argument takes, in words."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.descriptions import FILE, argument

from deepaas.cli.wording import type_text
from deepaas.model.schemas import SchemaReader

MANY_FILES = {"type": "array", "items": FILE}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, "integer"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer from 1 to 9"),
        ({"type": "number", "exclusiveMinimum": 0}, "number, above 0"),
        ({"type": "number", "maximum": 1.5}, "number, at most 1.5"),
        ({"type": "string", "format": "date"}, "date, such as 2026-01-31"),
        ({"type": "boolean"}, "yes or no"),
        ({"enum": ["red", "green"]}, "one of red, green"),
        ({"enum": ["", 1, True]}, 'one of "", 1, true'),
        ({"const": "red"}, "only red"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "integer or text"),
        ({"$ref": "#/$defs/Place"}, "JSON object"),
        ({}, "any value"),
        ({"type": ["integer", "string"]}, "integer or string"),
    ],
)
def test_a_type_is_told_in_words(schema: dict[str, Any], expected: str) -> None:
    ask = SchemaReader({"Place": {"type": "object"}})

    assert expected == type_text(argument("x", schema), ask=ask)


@pytest.mark.parametrize(
    ("schema", "facts", "expected"),
    [
        (FILE, {"is_file": True}, "file"),
        (MANY_FILES, {"is_file": True, "is_list": True}, "one or more files"),
        (
            {"type": "array", "items": {"type": "integer"}},
            {"is_list": True},
            "one or more, each integer",
        ),
    ],
)
def test_files_and_lists_are_told_as_such(
    schema: dict[str, Any], facts: dict[str, bool], expected: str
) -> None:
    ask = SchemaReader({})

    assert expected == type_text(argument("x", schema, **facts), ask=ask)


def test_many_choices_are_cut_short() -> None:
    text = type_text(argument("x", {"enum": list(range(50))}), ask=SchemaReader({}))

    assert text.endswith("10, 11, …")
