"""The Swagger 2.0 document says what published clients read in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV2SpecValidator
from tests.support import descriptions
from tests.support.descriptions import argument, model

from deepaas.frontends.api.swagger import swagger_document

SHOWN_TYPES = {"string", "integer", "number", "boolean", "array", "file"}
"""What the Gradio client makes a widget of; it ends at any other type."""


def document(**models: Any) -> dict[str, Any]:
    return swagger_document(models, version="3.0.0")


def everything(**options: Any) -> dict[str, Any]:
    return swagger_document(descriptions.ALL, version="3.0.0", **options)


def predict(described: dict[str, Any], name: str = "m") -> dict[str, Any]:
    operation: dict[str, Any] = described["paths"][f"/v2/models/{name}/predict/"][
        "post"
    ]
    return operation


def parameters(described: dict[str, Any], name: str = "m") -> dict[str, Any]:
    return {one["name"]: one for one in predict(described, name)["parameters"]}


def parameter_of(schema: dict[str, Any], *, kind: str = "v2", **facts: Any) -> Any:
    one = model(argument("x", schema, **facts), kind=kind)
    return parameters(document(m=one))["x"]


@pytest.mark.parametrize("name", [name for name in descriptions.ALL if name != "probe"])
def test_each_document_is_valid(name: str) -> None:
    one = swagger_document({name: descriptions.ALL[name]}, version="3.0.0")
    OpenAPIV2SpecValidator(one).validate()


def test_the_document_without_models_is_valid() -> None:
    OpenAPIV2SpecValidator(document()).validate()


@given(st.dictionaries(st.text(min_size=1), st.just(descriptions.EMPTY), max_size=4))
def test_models_of_any_name_stay_apart(models: dict[str, Any]) -> None:
    paths = swagger_document(models, version="3.0.0")["paths"]
    predictions = [path for path in paths if path.endswith("/predict/")]
    assert len(models) == len(predictions)


def test_all_routes_of_2x_are_there() -> None:
    assert [
        "/",
        "/v2/",
        "/v2/debug/",
        "/v2/models/",
        "/v2/models/probe/",
        "/v2/models/probe/predict/",
        "/v2/models/probe/train/",
        "/v2/models/plain/",
        "/v2/models/plain/predict/",
        "/v2/models/plain/train/",
    ] == list(document(probe=descriptions.PROBE, plain=descriptions.PLAIN_V2)["paths"])


def test_paths_are_below_the_base_path() -> None:
    described = swagger_document(
        {"m": descriptions.EMPTY},
        version="3.0.0",
        base_path="/a/b",
        enabled=["predict"],
    )
    assert [
        "/a/b",
        "/a/b/v2/",
        "/a/b/v2/debug/",
        "/a/b/v2/models/",
        "/a/b/v2/models/m/",
        "/a/b/v2/models/m/predict/",
    ] == list(described["paths"])
    assert "basePath" not in described


def test_what_is_switched_off_is_not_there() -> None:
    paths = everything(enabled=["train"])["paths"]
    assert not [path for path in paths if path.endswith("/predict/")]
    assert [path for path in paths if path.endswith("/train/")]


# --------------------------------------------------------------- 2.x parameters


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "mode",
            {
                "in": "query",
                "name": "mode",
                "required": False,
                "type": "string",
                "default": "echo",
                "enum": ["echo", "raise"],
                "description": "what\n\n<font color='blue'>to do</font>",
            },
        ),
        (
            "accept",
            {
                "in": "header",
                "name": "accept",
                "required": False,
                "type": "string",
                "default": "application/json",
                "enum": ["application/json", "image/png", "*/*"],
            },
        ),
        (
            "i",
            {
                "in": "query",
                "name": "i",
                "required": False,
                "type": "integer",
                "format": "int32",
                "default": 7,
                "description": "an int",
            },
        ),
        (
            "f",
            {
                "in": "query",
                "name": "f",
                "required": False,
                "type": "number",
                "format": "float",
                "default": 0.5,
            },
        ),
        (
            "s",
            {
                "in": "query",
                "name": "s",
                "required": False,
                "type": "string",
                "default": None,
                "x-nullable": True,
            },
        ),
        ("req", {"in": "query", "name": "req", "required": True, "type": "string"}),
        (
            "li",
            {
                "in": "query",
                "name": "li",
                "required": False,
                "collectionFormat": "multi",
                "type": "array",
                "default": [],
                "minItems": 0,
                "items": {"type": "integer", "format": "int32"},
            },
        ),
        (
            "url",
            {
                "in": "query",
                "name": "url",
                "required": False,
                "type": "string",
                "format": "url",
            },
        ),
        (
            "rng",
            {
                "in": "query",
                "name": "rng",
                "required": False,
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 10,
                "default": 2,
            },
        ),
        (
            "X-Probe",
            {
                "in": "header",
                "name": "X-Probe",
                "required": False,
                "type": "string",
                "default": None,
                "x-nullable": True,
            },
        ),
        ("fm", {"in": "formData", "name": "fm", "required": False, "type": "string"}),
        (
            "data",
            {
                "in": "formData",
                "name": "data",
                "required": True,
                "type": "file",
                "description": "an image",
            },
        ),
        (
            "body",
            {
                "in": "body",
                "name": "body",
                "required": False,
                "schema": {"type": "object", "properties": {"js": {"type": "string"}}},
            },
        ),
    ],
)
def test_a_2x_argument_looks_as_in_2x(name: str, expected: dict[str, Any]) -> None:
    assert expected == parameters(document(m=descriptions.PROBE))[name]


def test_parameters_are_in_the_authors_order_and_accept_is_last() -> None:
    one = model(
        argument("b", {"type": "string"}),
        argument("accept", {"type": "string"}),
        argument("a", {"type": "string"}),
        argument("file", descriptions.FILE, is_file=True),
        kind="v2",
    )
    assert ["b", "a", "file", "accept"] == list(parameters(document(m=one)))


def test_a_cookie_cannot_be_said() -> None:
    assert "session" not in parameters(document(m=descriptions.PROBE))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "default": {}}, {"type": "object", "default": {}}),
        ({}, {"type": "string"}),
        ({"default": 1}, {"type": "string", "default": 1}),
        ({"enum": [True, False]}, {"type": "boolean", "enum": [True, False]}),
        ({"enum": [1, 2]}, {"type": "integer", "enum": [1, 2], "format": "int32"}),
        ({"enum": [1, 2.5]}, {"type": "number", "enum": [1, 2.5], "format": "float"}),
        ({"enum": ["a", 1]}, {"type": "string", "enum": ["a", 1]}),
        (
            {"type": "array", "items": {"type": "object"}},
            {
                "type": "array",
                "items": {"type": "string"},
                "collectionFormat": "multi",
            },
        ),
        (
            {"type": "number", "exclusiveMinimum": 0},
            {
                "type": "number",
                "format": "float",
                "minimum": 0,
                "exclusiveMinimum": True,
            },
        ),
    ],
)
def test_odd_2x_arguments_have_the_type_that_2x_gave(
    schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    described = parameter_of(schema)
    assert {"in": "query", "name": "x", **expected} == {
        key: value for key, value in described.items() if key != "required"
    }


# ------------------------------------------------------------ native parameters


def test_every_native_parameter_has_a_type_that_clients_know() -> None:
    described = everything()
    native = {name for name, one in descriptions.ALL.items() if one.kind == "native"}
    for path, item in described["paths"].items():
        for one in item.get("post", {}).get("parameters", ()):
            is_native = path.split("/")[3] in native
            assert not is_native or one["type"] in SHOWN_TYPES, path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shape", {"type": "string"}),
        ("tags", {"type": "array", "items": {"type": "string"}, "default": []}),
        ("colour", {"type": "string", "enum": ["red", "green"], "default": "red"}),
        ("note", {"type": "string", "x-nullable": True}),
    ],
)
def test_a_native_argument_is_flattened(name: str, expected: dict[str, Any]) -> None:
    described = parameters(document(m=descriptions.SHAPES))[name]
    assert expected.items() <= described.items()


def test_a_nested_native_default_is_json_text() -> None:
    described = parameter_of(
        {"type": "object", "default": {"a": [1]}, "title": "Box"}, kind="native"
    )
    assert '{"a": [1]}' == described["default"]


def test_a_nested_native_default_in_a_list_is_json_text() -> None:
    described = parameter_of(
        {"type": "array", "items": {"type": "object"}, "default": [{"a": 1}, "b"]},
        kind="native",
    )
    assert ['{"a": 1}', "b"] == described["default"]


@pytest.mark.parametrize(
    ("choices", "expected"), [({}, False), ({"enum": ["a", "b"]}, True)]
)
def test_a_null_default_is_told_where_a_choice_would_be_made_for_it(
    choices: dict[str, Any], *, expected: bool
) -> None:
    schema = {"anyOf": [{"type": "string", **choices}, {"type": "null"}]}
    described = parameter_of({**schema, "default": None}, kind="native")
    assert expected == ("default" in described)


def test_numbers_of_native_models_have_no_format() -> None:
    assert "format" not in parameter_of({"type": "integer"}, kind="native")


def test_several_files_are_a_file() -> None:
    photos = parameters(document(m=descriptions.GALLERY))["photos"]
    assert ("formData", "file") == (photos["in"], photos["type"])


# ---------------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("probe", ["application/json", "image/png", "*/*"]),
        ("plain", ["application/json"]),
        ("plants", ["application/json"]),
        ("gallery", ["image/png"]),
        ("story", ["application/x-ndjson", "application/json"]),
    ],
)
def test_answers_come_in_types_that_clients_can_show(
    name: str, expected: list[str]
) -> None:
    assert expected == predict(everything(), name)["produces"]


def result(described: dict[str, Any], name: str = "m") -> dict[str, Any]:
    schema: dict[str, Any] = predict(described, name)["responses"]["200"]["schema"]
    return schema


def test_a_2x_schema_has_the_name_that_clients_look_for() -> None:
    described = document(m=descriptions.PROBE)

    assert {"$ref": "#/definitions/ModelPredictionResponse"} == result(described)
    assert {
        "status": {"type": "string"},
        "predictions": {},
        "labels": {"type": "array", "items": {"type": "string"}},
        "n": {"type": "integer", "format": "int32", "x-nullable": True},
    } == described["definitions"]["ModelPredictionResponse"]["properties"]


def test_further_schemas_are_numbered() -> None:
    described = document(a=descriptions.PROBE, b=descriptions.PROBE)
    assert {"$ref": "#/definitions/ModelPredictionResponse1"} == result(described, "b")


def test_a_2x_model_without_schema_gives_a_prediction() -> None:
    described = document(m=descriptions.PLAIN_V2)

    assert {"$ref": "#/definitions/Prediction"} == result(described)
    assert "ModelPredictionResponse" not in described["definitions"]


def test_the_fields_of_a_native_result_are_found_where_clients_look() -> None:
    described = document(m=descriptions.SHAPES)

    assert {"$ref": "#/definitions/ModelPredictionResponse"} == result(described)
    assert {
        "area": {"type": "number"},
        "shape": {"$ref": "#/definitions/Circle"},
        "maybe": {"type": "integer", "x-nullable": True},
        "either": {},
    } == described["definitions"]["ModelPredictionResponse"]["properties"]


def test_a_native_result_that_is_no_object_is_said_in_place() -> None:
    described = document(m=descriptions.PLANTS)

    assert {"type": "array", "items": {"$ref": "#/definitions/Label"}} == result(
        described
    )
    assert descriptions.LABEL == described["definitions"]["Label"]


def test_what_swagger_cannot_say_is_left_open() -> None:
    one = model(
        result_schema={
            "type": "object",
            "properties": {
                "pair": {"type": "array", "prefixItems": [{"type": "integer"}]},
                "fixed": {"const": 1},
                "any": True,
                "many": {"type": ["integer", "string"]},
                "half": {"type": "number", "exclusiveMaximum": 1},
            },
            "examples": [{"fixed": 1}],
        }
    )
    assert {
        "type": "object",
        "properties": {
            "pair": {"type": "array", "items": {}},
            "fixed": {"enum": [1]},
            "any": {},
            "many": {},
            "half": {"type": "number", "maximum": 1, "exclusiveMaximum": True},
        },
        "example": {"fixed": 1},
    } == document(m=one)["definitions"]["ModelPredictionResponse"]
