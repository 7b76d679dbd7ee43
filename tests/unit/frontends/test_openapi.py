"""The OpenAPI 3.1 document says what the loaded models take and give."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support import descriptions
from tests.support.descriptions import argument, model

from deepaas.frontends.api.openapi import merge, openapi_document

METHODS = ("get", "post", "delete")


def document(**models: Any) -> dict[str, Any]:
    return openapi_document(models, version="3.0.0")


def everything(**options: Any) -> dict[str, Any]:
    return openapi_document(descriptions.ALL, version="3.0.0", **options)


def predict(described: dict[str, Any], name: str = "m") -> dict[str, Any]:
    operation: dict[str, Any] = described["paths"][f"/v2/models/{name}/predict/"][
        "post"
    ]
    return operation


def body(described: dict[str, Any], media_type: str, name: str = "m") -> dict[str, Any]:
    content: dict[str, Any] = predict(described, name)["requestBody"]["content"]
    media: dict[str, Any] = content[media_type]
    return media


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path in described["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]


@pytest.mark.parametrize("name", [*descriptions.ALL])
def test_each_document_is_valid(name: str) -> None:
    one = openapi_document({name: descriptions.ALL[name]}, version="3.0.0")
    OpenAPIV31SpecValidator(one).validate()


def test_the_document_of_many_models_is_valid() -> None:
    OpenAPIV31SpecValidator(everything()).validate()


def test_the_document_without_models_is_valid() -> None:
    OpenAPIV31SpecValidator(document()).validate()


@given(st.dictionaries(st.text(min_size=1), st.just(descriptions.SHAPES), max_size=4))
def test_models_of_any_name_stay_apart(models: dict[str, Any]) -> None:
    described = openapi_document(models, version="3.0.0")

    assert len(models) == len(described["paths"])
    assert len(models) == len({one["operationId"] for one in operations(described)})
    for name in described["components"]["schemas"]:
        assert re.fullmatch(r"[a-zA-Z0-9._-]+", name)


def test_each_model_has_an_address_of_its_own() -> None:
    assert [
        "/v2/models/plants/predict/",
        "/v2/models/shapes/predict/",
        "/v2/models/story/predict/",
        "/v2/models/gallery/predict/",
        "/v2/models/empty/predict/",
        "/v2/models/probe/predict/",
        "/v2/models/probe/train/",
        "/v2/models/plain/predict/",
        "/v2/models/a-b/predict/",
        "/v2/models/a_b/predict/",
        "/v2/models/net%20(v1,%20big)/predict/",
        "/v2/models/gr%C3%B6%C3%9Fe%7B0%7D%2F%3F%23/predict/",
    ] == list(everything()["paths"])


def test_operation_ids_are_names_in_every_language() -> None:
    ids = [operation["operationId"] for operation in operations(everything())]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("[a-z][A-Za-z0-9_]*", one) for one in ids)
    assert ids[0] == "predict_plants"


def test_the_docstring_is_told() -> None:
    operation = predict(document(m=descriptions.PLANTS))

    assert descriptions.PLANTS.operations["predict"].summary == operation["summary"]
    assert "Give it a sharp one." in operation["description"]


@pytest.mark.parametrize(
    ("base_path", "address", "expected"),
    [
        ("", "http://host/openapi.json", "http://host/"),
        ("", "http://host/proxy/openapi.json", "http://host/proxy/"),
        ("/a", "http://host/a/openapi.json", "http://host/"),
        ("/a/b", "http://host/proxy/a/b/openapi.json", "http://host/proxy/"),
    ],
)
def test_the_server_is_found_from_the_document(
    base_path: str, address: str, expected: str
) -> None:
    described = openapi_document(
        {"m": descriptions.EMPTY}, version="3.0.0", base_path=base_path
    )
    assert expected == urljoin(address, described["servers"][0]["url"])
    assert [f"{base_path}/v2/models/m/predict/"] == list(described["paths"])


def test_what_is_switched_off_is_not_there() -> None:
    described = everything(enabled=["predict"])
    assert not [path for path in described["paths"] if path.endswith("/train/")]


def test_trainings_can_be_started_and_listed() -> None:
    train = everything()["paths"]["/v2/models/probe/train/"]

    assert {"200", "202", "422", "501", "503"} <= set(train["post"]["responses"])
    assert "epochs" in str(train["post"]["requestBody"])
    assert "Training" in str(train["get"]["responses"]["200"])


# ------------------------------------------------------------------ components


def test_schemas_of_two_models_do_not_meet() -> None:
    schemas = document(plants=descriptions.PLANTS, shapes=descriptions.SHAPES)[
        "components"
    ]["schemas"]

    assert "probability" in schemas["plants_Label"]["properties"]
    assert "text" in schemas["shapes_Label"]["properties"]


def test_references_point_to_components() -> None:
    described = document(m=descriptions.SHAPES)
    shape = body(described, "application/json")["schema"]["properties"]["shape"]

    assert [
        {"$ref": "#/components/schemas/m_Circle"},
        {"$ref": "#/components/schemas/m_Box_int_"},
    ] == shape["oneOf"]
    assert {
        "circle": "#/components/schemas/m_Circle",
        "box": "#/components/schemas/m_Box_int_",
    } == shape["discriminator"]["mapping"]


def test_a_property_may_be_called_ref() -> None:
    box = document(m=descriptions.SHAPES)["components"]["schemas"]["m_Box_int_"]

    assert {"type": "string"} == box["properties"]["$ref"]
    assert {"$ref": "#/components/schemas/m_Box_int_"} == box["properties"]["inner"][
        "anyOf"
    ][0]


def test_classes_of_two_models_do_not_share_a_title() -> None:
    schemas = document(m=descriptions.PLANTS)["components"]["schemas"]
    assert "title" not in schemas["m_Label"]


def test_a_title_of_a_plain_value_stays() -> None:
    one = model(argument("x", {"type": "integer", "title": "How many"}))
    properties = body(document(m=one), "application/json")["schema"]["properties"]
    assert "How many" == properties["x"]["title"]


def test_a_default_that_its_own_type_refuses_is_left_out() -> None:
    one = model(
        argument("odd", {"type": "string", "default": 1}),
        argument("choice", {"enum": ["a"], "default": "b"}),
        argument("fine", {"type": "number", "default": 1}),
    )
    properties = body(document(m=one), "application/json")["schema"]["properties"]

    assert ["fine"] == [name for name, one in properties.items() if "default" in one]


def test_definitions_whose_names_become_one_stay_two() -> None:
    one = model(
        argument("x", {"$ref": "#/$defs/A[B]"}),
        argument("y", {"$ref": "#/$defs/A_B_"}),
        definitions={"A[B]": {"type": "string"}, "A_B_": {"type": "integer"}},
    )
    schemas = document(m=one)["components"]["schemas"]

    assert ["string", "integer"] == [
        schemas[name]["type"] for name in ("m_A_B_", "m_A_B_2")
    ]


# ---------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plants", ["multipart/form-data"]),
        ("shapes", ["application/json"]),
        ("story", ["application/json", "application/x-www-form-urlencoded"]),
        ("gallery", ["multipart/form-data"]),
        ("probe", ["multipart/form-data"]),
        ("plain", ["application/json", "application/x-www-form-urlencoded"]),
    ],
)
def test_bodies_come_in_the_types_that_can_carry_them(
    name: str, expected: list[str]
) -> None:
    content = list(predict(everything(), name)["requestBody"]["content"])
    assert [*expected, "application/x-ndjson"] == content


def test_many_predictions_at_a_time_are_described_by_a_line() -> None:
    story = body(everything(), "application/x-ndjson", "story")

    assert {"type": "string"} == story["schema"]
    assert body(everything(), "application/json", "story")["example"] == json.loads(
        story["example"]
    )
    assert story["example"].endswith("\n")


def test_trainings_come_one_at_a_time() -> None:
    training = document(m=descriptions.PROBE)["paths"]["/v2/models/m/train/"]

    assert "application/x-ndjson" not in training["post"]["requestBody"]["content"]


def test_a_model_without_arguments_has_no_body() -> None:
    assert "requestBody" not in predict(document(m=descriptions.EMPTY))


def test_a_body_is_required_when_an_argument_is() -> None:
    described = everything()
    assert [True, False] == [
        predict(described, name)["requestBody"]["required"]
        for name in ("plants", "plain")
    ]


def test_a_file_is_binary_in_a_form() -> None:
    form = body(document(m=descriptions.PLANTS), "multipart/form-data")["schema"]
    assert {**descriptions.FILE, "description": "A photo"} == form["properties"][
        "photo"
    ]


def test_files_within_json_are_told_of_native_models_alone() -> None:
    described = everything()
    native = predict(described, "plants")["requestBody"]
    v2 = predict(described, "probe")["requestBody"]

    assert "also be sent within JSON" in native["description"]
    assert "also be sent within JSON" not in v2["description"]


def test_a_body_that_cannot_carry_what_is_required_is_not_offered() -> None:
    one = model(
        argument("in_form", {"type": "string"}, location="form"),
        argument("anywhere", {"type": "string"}),
        kind="v2",
    )
    content = predict(document(m=one))["requestBody"]["content"]
    assert "application/x-www-form-urlencoded" in content
    assert "application/json" not in content


def test_unknown_arguments_are_refused_by_native_models_alone() -> None:
    described = everything()
    native = body(described, "application/json", "shapes")["schema"]
    v2 = body(described, "application/json", "plain")["schema"]

    assert native["additionalProperties"] is False
    assert "additionalProperties" not in v2


def test_arguments_from_outside_the_body_are_parameters() -> None:
    *own, common = predict(document(m=descriptions.PROBE))["parameters"]

    assert [("X-Probe", "header"), ("session", "cookie"), ("q", "query")] == [
        (one["name"], one["in"]) for one in own
    ]
    assert {"$ref": "#/components/parameters/RequestId"} == common


def test_an_argument_is_in_the_bodies_that_its_location_allows() -> None:
    one = model(
        argument("anywhere", {"type": "string", "default": ""}),
        argument("in_form", {"type": "string", "default": ""}, location="form"),
        argument("in_json", {"type": "string", "default": ""}, location="json"),
        kind="v2",
    )
    described = document(m=one)

    assert ["anywhere", "in_json"] == list(
        body(described, "application/json")["schema"]["properties"]
    )
    assert ["anywhere", "in_form"] == list(
        body(described, "application/x-www-form-urlencoded")["schema"]["properties"]
    )


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, True),
        ({"type": "array", "items": {"type": "string"}}, True),
        ({"type": "array"}, True),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, True),
        ({"$ref": "#/$defs/Box"}, False),
        ({"type": "array", "items": {"$ref": "#/$defs/Box"}}, False),
        ({"type": "array", "items": {"type": "array"}}, False),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, False),
        ({"anyOf": [{"$ref": "#/$defs/Box"}, {"type": "null"}]}, False),
    ],
)
def test_an_urlencoded_form_is_offered_for_plain_values(
    schema: dict[str, Any], *, expected: bool
) -> None:
    one = model(argument("x", schema), definitions={"Box": {"type": "object"}})
    content = predict(document(m=one))["requestBody"]["content"]
    assert expected == ("application/x-www-form-urlencoded" in content)


@pytest.mark.parametrize("location", ["query", "header"])
def test_a_parameter_cannot_say_null(location: str) -> None:
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    one = model(argument("x", nullable, location=location), kind="v2")
    assert {"type": "string"} == predict(document(m=one))["parameters"][0]["schema"]


def test_a_form_cannot_say_null_nor_that_a_list_is_empty() -> None:
    form = body(document(m=descriptions.GALLERY), "multipart/form-data")["schema"]

    assert descriptions.FILE == form["properties"]["mask"]
    assert 1 == form["properties"]["photos"]["minItems"]


def test_examples_are_valid() -> None:
    described = everything()
    found = 0
    for operation in operations(described):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in media:
                schema = {
                    "allOf": [media["schema"]],
                    "components": described["components"],
                }
                assert OAS31Validator(schema).is_valid(media["example"])
                found += 1
    assert found > 8


def test_an_example_has_what_is_required_and_what_has_a_default() -> None:
    described = document(m=descriptions.SHAPES)
    assert {
        "shape": {"kind": "circle", "radius": 1},
        "tags": [],
        "colour": "red",
        "label": {},
    } == body(described, "application/json")["example"]


def test_there_is_no_example_of_a_file_in_a_form() -> None:
    assert "example" not in body(document(m=descriptions.PLANTS), "multipart/form-data")


def test_a_default_that_its_own_type_refuses_is_no_example() -> None:
    one = model(argument("odd", {"type": "string", "default": 1}), kind="v2")
    assert {} == body(document(m=one), "application/json")["example"]


# -------------------------------------------------------------------- responses


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "plants",
            {
                "application/json": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/plants_Label"},
                }
            },
        ),
        ("gallery", {"image/png": {"type": "string", "format": "binary"}}),
        ("empty", {"application/json": {}}),
        (
            "story",
            {
                "application/x-ndjson": {"type": "string"},
                "text/event-stream": {},
            },
        ),
    ],
)
def test_a_result_is_described_in_each_media_type(
    name: str, expected: dict[str, Any]
) -> None:
    content = predict(everything(), name)["responses"]["200"]["content"]
    assert expected == {one: media["schema"] for one, media in content.items()}


def test_json_is_told_in_words_where_it_is_not_the_default() -> None:
    described = everything()
    told = {
        name: "application/json"
        in predict(described, name)["responses"]["200"]["description"]
        for name in ("story", "probe", "gallery")
    }
    assert {"story": True, "probe": False, "gallery": False} == told


def test_every_error_of_a_prediction_is_there() -> None:
    statuses = [
        200,
        202,
        400,
        404,
        405,
        406,
        409,
        413,
        415,
        421,
        422,
        500,
        501,
        502,
        503,
        504,
    ]
    expected = [str(status) for status in statuses]
    described = everything()

    assert expected == list(predict(described, "plants")["responses"])
    assert [*expected, "default"] == list(predict(described, "probe")["responses"])


def test_2x_models_have_their_own_bodies_for_wrong_arguments() -> None:
    described = everything()
    for status in ("400", "422"):
        reference = predict(described, "probe")["responses"][status]["$ref"]
        response = described["components"]["responses"][reference.rpartition("/")[2]]
        assert (
            response["content"]["application/json"]["schema"]["$ref"]
            == "#/components/schemas/ArgumentMessages"
        )


# ------------------------------------------------------------------------ merge


def test_the_control_plane_joins() -> None:
    control_plane = {
        "openapi": "3.1.0",
        "info": {"title": "FastAPI", "version": "0"},
        "tags": [{"name": "server"}],
        "paths": {
            "/livez": {
                "get": {
                    "responses": {
                        "200": {"description": "ok"},
                        "405": {"$ref": "#/components/responses/MethodNotAllowed"},
                    }
                }
            }
        },
        "components": {"schemas": {"Health": {"type": "object"}}},
    }
    merged = merge(control_plane, document(m=descriptions.PLANTS))

    OpenAPIV31SpecValidator(merged).validate()
    assert ["/livez", "/v2/models/m/predict/"] == list(merged["paths"])
    assert {"Health", "Problem", "m_Label"} <= set(merged["components"]["schemas"])
    assert ["server", "m"] == [tag["name"] for tag in merged["tags"]]
    assert merged["info"]["title"] == "deepaas"


@pytest.mark.parametrize(
    ("base_path", "expected"), [("", ["/", "/livez"]), ("/a", ["/a", "/a/livez"])]
)
def test_the_control_plane_goes_below_the_base_path(
    base_path: str, expected: list[str]
) -> None:
    ours = openapi_document({}, version="3.0.0", base_path=base_path)
    merged = merge({"paths": {"/": {}, "/livez": {}}}, ours, base_path=base_path)
    assert expected == list(merged["paths"])


def test_a_control_plane_without_components_joins() -> None:
    ours = document(m=descriptions.PLANTS)
    assert ours == merge({"openapi": "3.1.0"}, ours)
