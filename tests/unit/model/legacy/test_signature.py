"""Where values are looked for, what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema
from webargs import ValidationError, fields, validate

from deepaas.errors import (
    FieldError,
    InvalidInputError,
    MalformedBodyError,
    SignatureError,
)
from deepaas.model.arguments import MISSING, Inputs
from deepaas.model.legacy import read_signature

NAMES = ("a", "b", "c")
PLACES = ("query", "form", "json")

texts = st.text(max_size=3)
pairs = st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=5)
json_objects = st.dictionaries(st.sampled_from(NAMES), texts)


def bind(declared: Any, **inputs: Any) -> dict[str, Any]:
    signature = read_signature(declared, model="plants", operation="predict")
    return signature.bind(Inputs(**inputs))


def refused(declared: Any, **inputs: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        bind(declared, **inputs)
    return caught.value


class Point(Schema):
    x = fields.Int(required=True)


# ------------------------------------------------------------------------- places


def first_of(found: list[tuple[str, str]], name: str) -> Any:
    return next((value for key, value in found if key == name), MISSING)


@given(query=pairs, form=pairs, body=json_objects)
def test_query_wins_over_form_and_form_over_json(
    query: list[tuple[str, str]], form: list[tuple[str, str]], body: dict[str, str]
) -> None:
    expected = {}
    for name in NAMES:
        places = (first_of(query, name), first_of(form, name), body.get(name, MISSING))
        for value in places:
            if value is not MISSING:
                expected[name] = value
                break

    bound = bind(
        {name: fields.Str() for name in NAMES}, query=query, form=form, json=body
    )

    assert expected == bound


@given(query=pairs, form=pairs, body=json_objects)
def test_a_list_takes_all_values_of_one_place(
    query: list[tuple[str, str]], form: list[tuple[str, str]], body: dict[str, str]
) -> None:
    in_query = [value for name, value in query if name == "a"]
    in_form = [value for name, value in form if name == "a"]
    in_json = [body["a"]] if "a" in body else []
    expected = in_query or in_form or in_json

    bound = bind({"a": fields.List(fields.Str())}, query=query, form=form, json=body)

    assert ({"a": expected} if expected else {}) == bound


@given(
    location=st.sampled_from(PLACES),
    values=st.dictionaries(st.sampled_from(PLACES), texts),
)
def test_a_location_hides_all_other_places(
    location: str, values: dict[str, str]
) -> None:
    inputs: dict[str, Any] = {
        place: {"a": value} if place == "json" else [("a", value)]
        for place, value in values.items()
    }
    expected = {"a": values[location]} if location in values else {}

    assert expected == bind({"a": fields.Str(location=location)}, **inputs)


@given(body=st.dictionaries(texts, st.none() | st.integers() | texts))
def test_unparsed_json_is_bound_like_parsed_json(body: dict[str, Any]) -> None:
    declared = {"a": fields.Raw(allow_none=True)}

    assert bind(declared, json=body) == bind(
        declared, raw_json=json.dumps(body).encode()
    )


def test_json_of_a_shared_buffer_is_read() -> None:
    assert {"a": "ñ"} == bind(
        {"a": fields.Str()}, raw_json=memoryview('{"a":"ñ"}'.encode())
    )


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"null", b"3", b""])
def test_a_body_that_is_no_object_counts_as_empty(body: bytes) -> None:
    assert {"a": 1} == bind({"a": fields.Int(missing=1)}, raw_json=body)


BAD_JSON = [b"{", b"\xff", b" ", b"{'a': 1}", b"\xef\xbb\xbf{}", b"[" * 100_000]


@pytest.mark.parametrize("body", BAD_JSON, ids=range(len(BAD_JSON)))
def test_json_that_cannot_be_read_is_refused_in_the_words_of_2_x(body: bytes) -> None:
    with pytest.raises(MalformedBodyError) as caught:
        bind({"a": fields.Int(missing=1)}, raw_json=body)

    assert {"json": ["Invalid JSON body."]} == caught.value.messages


@pytest.mark.parametrize("place", ["query", "form"])
def test_json_is_not_read_when_everything_was_found_before(place: str) -> None:
    declared = {"a": fields.Int()}

    assert {"a": 3} == bind(declared, raw_json=b"{", **{place: [("a", "3")]})


def test_json_is_not_read_for_an_argument_of_another_place() -> None:
    declared = {"a": fields.Int(missing=1, location="query")}

    assert {"a": 1} == bind(declared, raw_json=b"{")


def test_nan_in_json_is_taken_as_2_x_did() -> None:
    bound = bind({"a": fields.Float(allow_nan=True)}, raw_json=b'{"a": NaN}')

    assert bound["a"] != bound["a"]


def test_what_no_argument_asks_for_is_ignored() -> None:
    unknown: dict[str, Any] = {
        "query": [("x", "1")],
        "form": [("y", "1")],
        "json": {"z": 1},
    }

    assert {} == bind({"a": fields.Str()}, **unknown)


# ------------------------------------------------------------------------- values


@pytest.mark.parametrize("text", ["true", "t", "1", "yes", "y", "on"])
def test_truth_has_many_names(text: str) -> None:
    assert {"a": True} == bind({"a": fields.Bool()}, query=[("a", text)])


@pytest.mark.parametrize(
    ("value", "expected"), [("4", 4), (4.5, 4), ("-3", -3), (10**30, 10**30)]
)
def test_whole_numbers_are_not_strict(value: Any, expected: int) -> None:
    assert {"a": expected} == bind({"a": fields.Int()}, json={"a": value})


def test_a_text_is_no_number() -> None:
    error = refused({"a": fields.Str()}, json={"a": 3})

    assert {"a": ["Not a valid string."]} == error.messages


def test_a_list_in_one_text_is_not_split() -> None:
    assert {"a": ["1,2"]} == bind(
        {"a": fields.List(fields.Str())}, query=[("a", "1,2")]
    )
    assert {"a": {"0": ["Not a valid integer."]}} == refused(
        {"a": fields.List(fields.Int())}, query=[("a", "1,2")]
    ).messages


@pytest.mark.parametrize(
    "inputs",
    [{"query": [("a", "1,2")]}, {"json": {"a": "1,2"}}, {"json": {"a": [1, 2]}}],
    ids=["query", "text", "array"],
)
def test_a_delimited_list_is_split(inputs: dict[str, Any]) -> None:
    assert {"a": [1, 2]} == bind({"a": fields.DelimitedList(fields.Int())}, **inputs)


@pytest.mark.parametrize(
    "inputs",
    [
        {"query": [("a", "1"), ("a", "2")]},
        {"form": [("a", "1"), ("a", "2")]},
        {"json": {"a": [1, "2"]}},
    ],
    ids=["query", "form", "json"],
)
def test_a_list_is_repeated_or_an_array(inputs: dict[str, Any]) -> None:
    assert {"a": [1, 2]} == bind({"a": fields.List(fields.Int())}, **inputs)


def test_a_scalar_of_json_becomes_a_list() -> None:
    assert {"a": [5]} == bind({"a": fields.List(fields.Int())}, json={"a": "5"})


def test_objects_come_through_json_only() -> None:
    declared = {"a": fields.Dict(), "b": fields.Nested(Point)}

    assert {"a": {"k": 1}, "b": {"x": 1}} == bind(
        declared, json={"a": {"k": 1}, "b": {"x": "1"}}
    )
    error = refused(declared, query=[("a", "{}"), ("b", "{}")])
    assert {
        "a": ["Not a valid mapping type."],
        "b": {"_schema": ["Invalid input type."]},
    } == error.messages


# ------------------------------------------------------------------------- errors


def test_all_errors_are_told_at_once_with_pointers() -> None:
    declared = {
        "needed": fields.Str(required=True),
        "numbers": fields.List(fields.Int()),
        "point": fields.Nested(Point),
        "a/b~c": fields.Int(),
        "choice": fields.Str(validate=validate.OneOf(["red", "green"])),
    }
    body = {
        "numbers": ["one", 2],
        "point": {"x": "left", "zz": 1},
        "a/b~c": "x",
        "choice": "blue",
    }

    error = refused(declared, json=body)

    assert {
        "needed": ["Missing data for required field."],
        "numbers": {"0": ["Not a valid integer."]},
        "point": {"x": ["Not a valid integer."], "zz": ["Unknown field."]},
        "a/b~c": ["Not a valid integer."],
        "choice": ["Must be one of: red, green."],
    } == error.messages
    assert {
        FieldError("/needed", "Missing data for required field."),
        FieldError("/numbers/0", "Not a valid integer."),
        FieldError("/point/x", "Not a valid integer."),
        FieldError("/point/zz", "Unknown field."),
        FieldError("/a~1b~0c", "Not a valid integer."),
        FieldError("/choice", "Must be one of: red, green."),
    } == set(error.errors)


def test_an_object_as_a_whole_is_pointed_at_itself() -> None:
    error = refused({"point": fields.Nested(Point)}, query=[("point", "{}")])

    assert (FieldError("/point", "Invalid input type."),) == error.errors


def test_errors_use_the_name_in_requests() -> None:
    error = refused({"keyword": fields.Int(data_key="wire")}, query=[("wire", "x")])

    assert {"wire": ["Not a valid integer."]} == error.messages


def test_messages_that_are_no_text_become_text() -> None:
    def refuse(value: Any) -> None:
        raise ValidationError([ValueError(value)])

    error = refused({"a": fields.Str(validate=refuse)}, query=[("a", "x")])

    assert {"a": ["x"]} == error.messages


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"a": 3}, "argument 'a' is an int and not a marshmallow field"),
        ({"a": fields.Int}, "argument 'a' is the class Int"),
        ({3: fields.Int()}, "the name 3 of an argument is no text"),
        ([fields.Int()], "it returned list; return a dict"),
        ("text", "it returned str; return a dict"),
        (
            {"a": fields.Str(metadata={"location": "body"})},
            "location 'body' is unknown",
        ),
        ({"a": fields.Nested("Unheard")}, "argument 'a': Class with name 'Unheard'"),
    ],
    ids=range(7),
)
def test_what_cannot_be_served_is_named_with_its_remedy(
    declared: Any, said: str
) -> None:
    with pytest.raises(SignatureError) as caught:
        read_signature(declared, model="plants", operation="predict")

    assert "get_predict_args" in caught.value.reason
    assert said in caught.value.reason


def test_reading_twice_gives_the_same() -> None:
    declared = {"a": fields.List(fields.Int(), missing=[1])}

    first = read_signature(declared, model="plants", operation="predict")
    second = read_signature(declared, model="plants", operation="train")

    assert first.arguments == second.arguments
    assert first.bind(Inputs()) == second.bind(Inputs())
