"""Arguments as 2018 described them, by dicts."""

from __future__ import annotations

from typing import Any

import pytest

from deepaas.errors import InvalidInputError, SignatureError
from deepaas.model.arguments import Inputs
from deepaas.model.legacy import LegacySignature, read_signature
from deepaas.model.v1.fields import read_fields


def signature(**declared: Any) -> LegacySignature:
    fields = read_fields(declared, model="plants", function="get_test_args")
    return read_signature(fields, model="plants", operation="test")


def bound(value: str | None, **stated: Any) -> Any:
    query = [] if value is None else [("x", value)]
    return signature(x=stated).bind(Inputs(query=query))["x"]


def test_an_argument_is_documented() -> None:
    [argument] = signature(top={"default": "1", "help": "How many"}).arguments

    assert ("top", False, "How many") == (
        argument.name,
        argument.required,
        argument.description,
    )
    assert "1" == argument.schema["default"]


@pytest.mark.parametrize("default", ["1", 3, [1, 2], None])
def test_a_default_is_passed_on_as_it_is(default: Any) -> None:
    assert default == bound(None, default=default, required=False)


def test_an_argument_without_default_is_none() -> None:
    assert bound(None, help="") is None


def test_a_value_is_a_text() -> None:
    assert "[0.7, 0.9]" == bound("[0.7, 0.9]", default="[]")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (str, "3", "3"),
        (None, "3", "3"),
        (int, "3", 3),
        (float, "3", 3.0),
        (bool, "false", False),
        (lambda text: text.split(","), "a,b", ["a", "b"]),
    ],
)
def test_a_stated_type_is_kept(kind: Any, text: str, value: object) -> None:
    assert value == bound(text, type=kind)


def test_a_value_that_its_type_refuses_is_wrong() -> None:
    with pytest.raises(InvalidInputError) as raised:
        bound("x", type=lambda text: 1 / len(int(text)))  # type: ignore[arg-type]  # never reached

    assert {"x": ["invalid literal for int() with base 10: 'x'"]} == (
        raised.value.messages
    )


def test_a_required_argument_has_no_default() -> None:
    """1.3 did not start, 0.5 asked for the value."""
    with pytest.raises(InvalidInputError, match="Missing data"):
        bound(None, required=True, default="1")


def test_choices_are_checked_and_documented() -> None:
    [argument] = signature(x={"choices": ("a", "b"), "default": "a"}).arguments

    assert ["a", "b"] == argument.schema["enum"]
    with pytest.raises(InvalidInputError, match="Must be one of: a, b"):
        bound("c", choices=("a", "b"))


def test_an_argument_may_be_repeated() -> None:
    inputs = Inputs(query=[("x", "1"), ("x", "2")])

    assert {"x": [1, 2]} == signature(x={"type": int, "action": "append"}).bind(inputs)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (["top"], "returned list; return a dict"),
        ({"top": 3}, "argument 'top' is 3; describe it by a dict"),
    ],
)
def test_what_is_no_description_is_refused(declared: Any, message: str) -> None:
    with pytest.raises(SignatureError, match=message):
        read_fields(declared, model="plants", function="get_test_args")


def test_a_model_may_have_no_arguments() -> None:
    assert {} == read_fields(None, model="plants", function="get_test_args")
