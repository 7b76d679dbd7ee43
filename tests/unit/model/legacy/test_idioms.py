"""Each way of writing arguments that published models use, one test each."""

from __future__ import annotations

import collections
import json
from typing import Any

import marshmallow
import pytest
from webargs import ValidationError, fields, validate

from deepaas.errors import InvalidInputError
from deepaas.model.arguments import Argument, Inputs, Upload
from deepaas.model.legacy import LegacySignature, read_signature
from deepaas.model.v2.wrapper import UploadedFile

PHOTO = Upload(
    path="/spool/upload-0.jpg", filename="rose.jpg", content_type="image/jpeg"
)


def read(declared: Any) -> LegacySignature:
    return read_signature(declared, model="plants", operation="predict")


def only(declared: Any) -> Argument:
    (argument,) = read(declared).arguments
    return argument


def bind(declared: Any, **inputs: Any) -> dict[str, Any]:
    return read(declared).bind(Inputs(**inputs))


def uploaded(name: str) -> UploadedFile:
    return UploadedFile(name, PHOTO.path, "image/jpeg", "rose.jpg")


def test_missing_is_the_default() -> None:
    declared = {"a": fields.Str(required=False, missing="foo")}

    assert {"a": "foo"} == bind(declared)
    assert "foo" == only(declared).schema["default"]


def test_load_default_is_the_default() -> None:
    assert {"a": 3} == bind({"a": fields.Int(load_default=3)})


def test_an_argument_with_neither_value_nor_default_is_absent() -> None:
    assert {} == bind({"a": fields.Str(required=False)})


def test_keywords_of_a_field_are_its_metadata() -> None:
    argument = only({"a": fields.Str(description="What it is", enum=["x", "y"])})

    assert "What it is" == argument.description
    assert ["x", "y"] == argument.schema["enum"]


def test_metadata_may_be_a_dict() -> None:
    argument = only({"a": fields.Str(metadata={"description": "What it is"})})

    assert "What it is" == argument.description


def test_metadata_may_be_both() -> None:
    field = fields.Str(metadata={"description": "What it is"}, enum=["x"])

    assert {"What it is", "x"} == {
        only({"a": field}).description,
        *only({"a": field}).schema["enum"],
    }


@pytest.mark.parametrize("field_class", [fields.Field, fields.Raw])
def test_a_file_by_keywords(field_class: Any) -> None:
    declared = {"data": field_class(required=True, type="file", location="form")}

    assert only(declared).is_file
    assert "form" == only(declared).location
    assert {"type": "string", "format": "binary"} == only(declared).schema
    assert {"data": uploaded("data")} == bind(declared, form=[("data", PHOTO)])


def test_a_file_by_metadata() -> None:
    field = fields.Field(metadata={"type": "file", "location": "form"})

    assert only({"data": field}).is_file


def test_a_file_by_its_format() -> None:
    assert only({"data": fields.Raw(metadata={"format": "binary"})}).is_file


def test_of_a_file_that_comes_twice_the_first_wins() -> None:
    declared = {"data": fields.Field(type="file", location="form")}
    second = Upload(path="/spool/upload-1.jpg", filename="tulip.jpg")

    bound = bind(declared, form=[("data", PHOTO), ("data", second)])

    assert {"data": uploaded("data")} == bound


@pytest.mark.parametrize(
    "make",
    [
        lambda: fields.List(fields.Field(type="file")),
        lambda: fields.List(fields.Raw(metadata={"format": "binary"})),
        lambda: fields.List(fields.Field(), type="file", location="form"),
    ],
    ids=["inner field", "inner metadata", "list itself"],
)
def test_a_list_of_files_gives_all_of_them(make: Any) -> None:
    argument = only({"data": make()})

    assert (True, True) == (argument.is_file, argument.is_list)
    assert "array" == argument.schema["type"]
    assert {"data": [uploaded("data")] * 2} == bind(
        {"data": make()}, form=[("data", PHOTO), ("data", PHOTO)]
    )


def test_a_part_without_a_file_name_is_a_text() -> None:
    declared = {"data": fields.Field(type="file", location="form")}

    assert {"data": "no file"} == bind(declared, form=[("data", "no file")])


def test_a_file_where_none_belongs_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        bind({"a": fields.Str()}, form=[("a", PHOTO)])

    assert {"a": ["Not a valid string."]} == caught.value.messages


def test_data_key_is_the_name_in_requests() -> None:
    declared = {"image_content": fields.Str(data_key="img_content")}

    assert "img_content" == only(declared).name
    assert "image_content" == only(declared).keyword
    assert {"image_content": "x"} == bind(declared, query=[("img_content", "x")])
    assert {} == bind(declared, query=[("image_content", "x")])


def test_attribute_is_the_name_in_python() -> None:
    declared = {"model-name": fields.Str(attribute="model_name")}

    assert "model_name" == only(declared).keyword
    assert {"model_name": "x"} == bind(declared, query=[("model-name", "x")])


@pytest.mark.parametrize("name", ["lr-rate", "size (px)", "a,b", "ñ/~"])
def test_names_may_be_any_text(name: str) -> None:
    assert {name: 4} == bind({name: fields.Int()}, query=[(name, "4")])


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("query", {"query": [("a", "x")]}),
        ("querystring", {"query": [("a", "x")]}),
        ("form", {"form": [("a", "x")]}),
        ("files", {"form": [("a", "x")]}),
        ("json", {"json": {"a": "x"}}),
        ("headers", {"headers": {"a": "x"}}),
        ("cookies", {"cookies": {"a": "x"}}),
    ],
)
def test_location_is_the_only_place(location: str, where: dict[str, Any]) -> None:
    everywhere = {
        "query": [("a", "no")],
        "form": [("a", "no")],
        "json": {"a": "no"},
        "headers": {"a": "no"},
        "cookies": {"a": "no"},
    }
    elsewhere = {name: one for name, one in everywhere.items() if name not in where}

    assert {"a": "x"} == bind({"a": fields.Str(location=location)}, **where)
    assert {} == bind({"a": fields.Str(metadata={"location": location})}, **elsewhere)


def test_a_header_is_found_by_its_data_key_in_any_case() -> None:
    declared = {"probe": fields.Str(data_key="X-Probe", location="headers")}

    assert {"probe": "x"} == bind(declared, headers={"x-probe": "x"})


def test_a_path_has_no_variable_part() -> None:
    assert {} == bind({"a": fields.Str(location="path")}, query=[("a", "x")])


def test_a_text_may_have_a_default_that_is_none() -> None:
    declared = {"a": fields.Str(missing=1), "b": fields.Str(missing=False)}

    assert {"a": 1, "b": False} == bind(declared)


def test_choices_may_be_of_several_types() -> None:
    argument = only({"a": fields.Str(enum=["1", 2, None, True], missing=1)})

    assert ["1", 2, None, True] == argument.schema["enum"]


def test_enum_is_for_documents_only() -> None:
    declared = {"a": fields.Str(enum=["x"])}

    assert {"a": "other"} == bind(declared, query=[("a", "other")])


def test_a_validator_may_stand_alone_or_in_a_list() -> None:
    one = {"a": fields.Int(validate=validate.Range(1, 3))}
    several = {"a": fields.Int(validate=[validate.Range(1, 3), validate.OneOf([2])])}

    for declared in (one, several):
        with pytest.raises(InvalidInputError):
            bind(declared, query=[("a", "9")])


def test_length_and_contains_only_are_enforced() -> None:
    declared = {
        "classes": fields.List(
            fields.Str(),
            validate=[validate.ContainsOnly(["cat", "dog"]), validate.Length(equal=2)],
        )
    }

    with pytest.raises(InvalidInputError) as caught:
        bind(declared, query=[("classes", "cow")])

    assert 2 == len(caught.value.errors)


def test_every_argument_may_be_a_json_text() -> None:
    declared = {
        "epochs": fields.Str(
            missing=json.dumps(10),
            enum=[json.dumps(one) for one in (10, 20)],
            description="Epochs.\n\n<font color='#C5700B'> Note: long </font>",
        )
    }

    assert {"epochs": "10"} == bind(declared)
    assert "Epochs.\n\n<font" in only(declared).description


class JsonText(fields.String):
    def __init__(self, **kwargs: Any) -> None:
        self.metadata = {"description": "set too early"}
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(f"`{text}` is no JSON") from error


class Doubled(fields.Int):
    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if value is marshmallow.missing:
            return 0
        return 2 * super().deserialize(value, *args, **kwargs)


class Odd(fields.Int):
    def _validate(self, value: Any) -> None:
        super()._validate(value)
        if value % 2 == 0:
            raise ValidationError("Must be odd.")


class Fussy(fields.Str):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return {"known": 1}[value]


def test_a_field_may_have_its_own_deserialize() -> None:
    assert {"a": [1], "b": 6} == bind(
        {"a": JsonText(), "b": Doubled()}, query=[("a", "[1]"), ("b", "3")]
    )
    assert {"b": 0} == bind({"b": Doubled()})
    assert "string" == only({"a": JsonText()}).schema["type"]


def test_a_fields_own_validation_error_is_answered_like_any() -> None:
    with pytest.raises(InvalidInputError) as caught:
        bind({"a": JsonText(), "b": Odd()}, query=[("a", "{"), ("b", "4")])

    assert {"a": ["`{` is no JSON"], "b": ["Must be odd."]} == caught.value.messages


def test_what_else_a_field_raises_is_passed_on() -> None:
    with pytest.raises(KeyError):
        bind({"a": Fussy()}, query=[("a", "unknown")])


class PredictArgs(marshmallow.Schema):
    zebra = fields.Str(load_default="z", metadata={"description": "First"})
    apple = fields.List(fields.Int(), load_default=[1])
    nested = fields.Nested({"x": fields.Int()})

    @marshmallow.validates_schema
    def refuse_two_apples(self, data: Any, **kwargs: Any) -> None:
        if len(data["apple"]) == 2:
            raise ValidationError("Not two.", "apple")


def test_bound_fields_of_a_schema_keep_their_order() -> None:
    signature = read(PredictArgs().fields)

    assert ["zebra", "apple", "nested"] == [one.name for one in signature.arguments]
    assert {"zebra": "z", "apple": [2, 3]} == signature.bind(
        Inputs(query=[("apple", "2"), ("apple", "3")])
    )


def test_a_schema_may_say_that_it_is_ordered() -> None:
    meta = type("Meta", (), {"ordered": True})
    names = {"z": fields.Str(), "a": fields.Str(), "m": fields.Str()}
    schema = type("Args", (marshmallow.Schema,), {**names, "Meta": meta})

    assert ["z", "a", "m"] == [one.name for one in read(schema().fields).arguments]


def test_bound_fields_serve_the_model_as_before() -> None:
    schema = PredictArgs()
    read(schema.fields).bind(Inputs(query=[("apple", "2")]))

    assert schema is schema.fields["apple"].parent
    assert {"zebra": "z", "apple": [5], "n": 1} == PredictArgs(
        unknown=marshmallow.INCLUDE
    ).load({"apple": ["5"], "n": 1})


@pytest.mark.parametrize(
    "declared", [PredictArgs, PredictArgs()], ids=["class", "instance"]
)
def test_a_whole_schema_keeps_its_own_validation(declared: Any) -> None:
    signature = read(declared)

    assert {"zebra": "z", "apple": [1]} == signature.bind(Inputs())
    with pytest.raises(InvalidInputError) as caught:
        signature.bind(Inputs(json={"apple": [1, 2]}))
    assert {"apple": ["Not two."]} == caught.value.messages


def test_a_schema_that_leaves_fields_out_takes_the_others() -> None:
    signature = read(PredictArgs(exclude=("zebra", "nested")))

    assert ["apple"] == [one.name for one in signature.arguments]


def test_an_ordered_dict_keeps_its_order() -> None:
    declared = collections.OrderedDict(
        (name, fields.Str()) for name in ("z", "a", "m", "b")
    )

    assert ["z", "a", "m", "b"] == [one.name for one in read(declared).arguments]
    assert ["z", "a", "m", "b"] == list(
        bind(declared, json={"b": "", "m": "", "a": "", "z": ""})
    )


@pytest.mark.parametrize("declared", [{}, None], ids=["empty", "none"])
def test_no_arguments_ignore_what_comes(declared: Any) -> None:
    assert {} == bind(declared, query=[("a", "x")])


def test_a_misspelt_require_is_no_more_than_metadata() -> None:
    declared = {"a": fields.Str(require=False, missing="x")}

    assert not only(declared).required
    assert {"a": "x"} == bind(declared)


def test_a_field_for_output_only_is_hidden_and_refused() -> None:
    declared = {"a": fields.Str(dump_only=True), "b": fields.Str(load_only=True)}

    assert ["b"] == [one.name for one in read(declared).arguments]
    with pytest.raises(InvalidInputError) as caught:
        bind(declared, query=[("a", "x")])
    assert {"a": ["Unknown field."]} == caught.value.messages


def test_null_is_taken_where_allowed() -> None:
    declared = {"a": fields.Str(allow_none=True), "b": fields.Str(missing=None)}

    assert [True, True] == [one.is_nullable for one in read(declared).arguments]
    assert {"a": None, "b": None} == bind(declared, json={"a": None, "b": None})


def test_null_is_refused_elsewhere() -> None:
    with pytest.raises(InvalidInputError) as caught:
        bind({"a": fields.Str(missing="x")}, json={"a": None})

    assert {"a": ["Field may not be null."]} == caught.value.messages


def test_a_default_that_the_model_changes_is_as_new_in_the_next_call() -> None:
    declared = {
        "a": fields.List(fields.Int(), missing=[1]),
        "b": fields.Dict(missing={}),
    }
    signature = read(declared)

    bound = signature.bind(Inputs())
    bound["a"].append(2)
    bound["b"]["k"] = 1

    assert {"a": [1], "b": {}} == signature.bind(Inputs())
    assert [1] == signature.arguments[0].schema["default"]
    assert [1] == declared["a"].load_default


def test_defaults_may_be_computed() -> None:
    declared = {"a": fields.Str(load_default=lambda: "now")}

    assert {"a": "now"} == bind(declared)
    assert "default" not in only(declared).schema
