"""The `accept` argument: negotiated, and never `*/*` for the model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webargs import fields, validate

from deepaas.errors import InvalidInputError
from deepaas.model.arguments import Argument, Inputs
from deepaas.model.legacy import read_codec, read_signature

JSON = "application/json"
PNG = "image/png"
PDF = "application/pdf"
BROWSER = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/png,image/svg+xml,*/*;q=0.8"
)
CHOICES = [JSON, PNG, PDF]


def accepted(field: fields.Field, *, header: str = "", **inputs: Any) -> Any:
    signature = read_signature({"accept": field}, model="m", operation="predict")
    headers = {"accept": header} if header else {}
    return signature.bind(Inputs(headers=headers, **inputs)).get("accept")


def media_type_of(field: fields.Field, *, header: str = "") -> str:
    signature = read_signature({"accept": field}, model="m", operation="predict")
    arguments = signature.bind(Inputs(headers={"accept": header}))
    codec = read_codec(signature, schema=None, model="m", operation="predict")
    return codec.choose(header, arguments)


def argument(field: fields.Field) -> Argument:
    signature = read_signature({"accept": field}, model="m", operation="predict")
    return signature.arguments[0]


def in_header(choices: Any = CHOICES, **keywords: Any) -> fields.Field:
    return fields.Str(location="headers", validate=validate.OneOf(choices), **keywords)


def anywhere(choices: Any = CHOICES, **keywords: Any) -> fields.Field:
    return fields.Str(validate=validate.OneOf(choices), **keywords)


BOTH = pytest.mark.parametrize(
    "make", [in_header, anywhere], ids=["in header", "anywhere"]
)


@BOTH
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        (BROWSER, JSON),
        (PNG, PNG),
        ("IMAGE/PNG", PNG),
        ("image/png;q=0.9", PNG),
        ("image/png, */*", PNG),
        ("image/*", PNG),
        ("application/pdf;q=0.5, image/png;q=0.4", PDF),
        ("application/json;q=0, */*", PNG),
        ("text/plain, */*;q=0.1", JSON),
    ],
)
def test_the_header_is_negotiated_over_the_choices(
    make: Any, header: str, expected: str
) -> None:
    assert expected == accepted(make(), header=header)


def test_a_header_that_fits_nothing_is_refused_where_the_model_reads_it() -> None:
    with pytest.raises(InvalidInputError) as caught:
        accepted(in_header(), header="text/csv")

    assert {
        "accept": ["Must be one of: application/json, image/png, application/pdf."]
    } == caught.value.messages


def test_a_header_that_fits_nothing_is_ignored_elsewhere() -> None:
    assert JSON == accepted(anywhere(), header="text/csv")


@BOTH
@pytest.mark.parametrize(
    "inputs",
    [
        {"query": [("accept", PDF)]},
        {"form": [("accept", PDF)]},
        {"json": {"accept": PDF}},
    ],
    ids=["query", "form", "json"],
)
def test_the_request_itself_wins_over_the_header(
    make: Any, inputs: dict[str, Any]
) -> None:
    assert PDF == accepted(make(), header=PNG, **inputs)


@pytest.mark.parametrize("value", ["text/csv", "image", "", 5])
def test_a_value_that_fits_nothing_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError):
        accepted(anywhere(), json={"accept": value})


@pytest.mark.parametrize("value", ["a/b\n", "/\n", "a/b;\n,", "\n/"])
def test_a_value_that_no_header_could_have_is_answered_too(value: str) -> None:
    assert JSON == accepted(anywhere(), query=[("accept", value)])


def test_a_value_is_negotiated_like_a_header() -> None:
    assert PNG == accepted(anywhere(), query=[("accept", "image/*")])
    assert JSON == accepted(anywhere(), query=[("accept", "*/*")])


@BOTH
@pytest.mark.parametrize("header", ["", "*/*", BROWSER])
def test_the_models_own_default_is_kept(make: Any, header: str) -> None:
    assert PDF == accepted(make(missing=PDF), header=header)
    assert PDF == argument(make(missing=PDF)).schema["default"]


def test_a_default_need_not_be_one_of_the_choices() -> None:
    field = in_header([PNG], load_default=JSON)

    assert JSON == accepted(field, header=JSON)
    assert JSON == accepted(field)
    assert PNG == accepted(field, header=PNG)


@pytest.mark.parametrize("default", [None, "*/*"])
def test_a_default_that_is_no_media_type_is_none(default: Any) -> None:
    assert JSON == accepted(anywhere(load_default=default))


def test_a_required_one_has_a_default_too() -> None:
    assert JSON == accepted(anywhere(required=True))
    assert not argument(anywhere(required=True)).required


@pytest.mark.parametrize(
    "validators",
    [
        validate.OneOf(tuple(CHOICES)),
        [validate.Length(min=3), validate.OneOf(CHOICES)],
        validate.OneOf([*CHOICES, "*/*"]),
    ],
    ids=["tuple", "list of validators", "with anything"],
)
def test_choices_may_be_written_in_several_ways(validators: Any) -> None:
    field = fields.Str(validate=validators)

    assert PNG == accepted(field, header=PNG)
    assert JSON == accepted(field, header="*/*")
    assert CHOICES == argument(field).schema["enum"]


def test_the_models_field_is_left_as_it_was() -> None:
    validator = validate.OneOf([PNG])
    field = fields.Str(validate=validator, load_default=PNG)

    accepted(field)

    assert [PNG] == validator.choices
    assert PNG == field.load_default


def test_enum_serves_as_choices_without_a_validator() -> None:
    field = fields.Str(enum=[PNG, PDF])

    assert PDF == accepted(field, header="application/*")
    assert "text/csv" == accepted(field, query=[("accept", "text/csv")])


def test_without_choices_it_is_json_and_what_the_caller_says() -> None:
    assert JSON == accepted(fields.Str(), header=BROWSER)
    assert JSON == accepted(fields.Str(), header=PNG)
    assert PNG == accepted(fields.Str(), query=[("accept", PNG)])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("image/jpeg", "image/*"),
        ("image/*", "image/*"),
        ("image/webp, */*;q=0.1", "image/*"),
        ("application/json", JSON),
        ("*/*", JSON),
    ],
)
def test_a_wildcard_may_be_a_choice(header: str, expected: str) -> None:
    assert expected == accepted(in_header([JSON, "image/*"]), header=header)


def test_the_answer_has_the_chosen_type() -> None:
    assert PNG == media_type_of(in_header(), header="image/*")
    assert JSON == media_type_of(in_header(), header="*/*")


def test_the_choices_are_the_media_types_default_first() -> None:
    signature = read_signature(
        {"accept": in_header(missing=PDF)}, model="m", operation="predict"
    )
    codec = read_codec(signature, schema=None, model="m", operation="predict")

    assert (PDF, JSON, PNG) == codec.media_types


@given(header=st.text() | st.sampled_from([BROWSER, "*/*", PNG, "image/*, */*;q=0.2"]))
def test_the_model_gets_one_of_its_choices_whatever_the_header(header: str) -> None:
    assert accepted(anywhere(), header=header) in CHOICES
