"""`/swagger.json`: Swagger 2.0, as published clients read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support import gradio

if TYPE_CHECKING:
    import httpx2


@pytest.fixture(scope="module")
def swagger(http: httpx2.Client) -> dict[str, Any]:
    answer = http.get("/swagger.json")
    assert 200 == answer.status_code
    document: dict[str, Any] = answer.json()
    return document


def operation(swagger: dict[str, Any], model: str, name: str = "predict") -> Any:
    return swagger["paths"][f"/v2/models/{model}/{name}/"]["post"]


def parameters(swagger: dict[str, Any], model: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in operation(swagger, model)["parameters"]}


def answer_schema(swagger: dict[str, Any], model: str) -> tuple[str, Any]:
    """Return the name and the definition of a model's answer."""
    schema = operation(swagger, model)["responses"]["200"]["schema"]
    name = schema["$ref"].removeprefix("#/definitions/")
    return name, swagger["definitions"][name]


def test_it_is_swagger_two(swagger: dict[str, Any]) -> None:
    assert "2.0" == swagger["swagger"]
    assert swagger["info"]["title"]
    assert swagger["info"]["version"]
    assert "basePath" not in swagger


def test_it_has_the_addresses_of_each_model(swagger: dict[str, Any]) -> None:
    expected = {
        "/v2/",
        "/v2/models/",
        "/v2/models/probe/",
        "/v2/models/probe/predict/",
        "/v2/models/strict/predict/",
    }

    assert expected <= set(swagger["paths"])


def test_all_references_lead_somewhere(swagger: dict[str, Any]) -> None:
    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*(references(one) for one in node.values()))
        if isinstance(node, list):
            return set().union(*(references(one) for one in node))
        return set()

    names = {one.removeprefix("#/definitions/") for one in references(swagger)}
    assert set() == names - set(swagger["definitions"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "text",
            {
                "in": "query",
                "type": "string",
                "default": "foo",
                "enum": ["foo", "bar"],
                "description": "A text",
                "required": False,
            },
        ),
        (
            "integer",
            {"type": "integer", "default": 7, "description": "An integer"},
        ),
        ("number", {"type": "number", "default": 0.5, "description": "A float"}),
        ("flag", {"type": "boolean", "default": False}),
        (
            "integers",
            {"type": "array", "collectionFormat": "multi", "default": []},
        ),
        ("date", {"type": "string", "format": "date"}),
        ("choice", {"type": "string", "enum": ["red", "green"]}),
        ("ranged", {"type": "integer", "minimum": 1, "maximum": 10}),
        ("secret", {"type": "string", "format": "password"}),
        ("wire-name", {"in": "query", "type": "string"}),
        ("X-Probe", {"in": "header", "type": "string"}),
        ("only_query", {"in": "query"}),
        ("only_form", {"in": "formData"}),
    ],
)
def test_an_argument_is_a_parameter(
    swagger: dict[str, Any], name: str, expected: dict[str, Any]
) -> None:
    parameter = parameters(swagger, "probe")[name]

    assert expected == {key: parameter.get(key) for key in expected}


def test_the_items_of_a_list_have_a_type(swagger: dict[str, Any]) -> None:
    assert "integer" == parameters(swagger, "probe")["integers"]["items"]["type"]


def test_a_required_argument_is_required(swagger: dict[str, Any]) -> None:
    required = {
        name: one["required"] for name, one in parameters(swagger, "strict").items()
    }

    assert {"name": True, "count": True, "kind": False} == required


def test_an_argument_without_default_has_none(swagger: dict[str, Any]) -> None:
    assert "default" not in parameters(swagger, "probe")["absent"]


def test_arguments_keep_their_order(swagger: dict[str, Any]) -> None:
    names = [one["name"] for one in operation(swagger, "bound_schema")["parameters"]]

    assert ["zebra", "model", "options", "doubled", "limits"] == names[:5]
    assert "accept" == names[-1]


@pytest.mark.parametrize("name", ["data", "img-content", "several"])
def test_a_file_is_a_file(swagger: dict[str, Any], name: str) -> None:
    parameter = parameters(swagger, "files")[name]

    assert "file" == parameter["type"]
    assert "formData" == parameter["in"]


def test_a_model_produces_json(swagger: dict[str, Any]) -> None:
    assert ["application/json"] == operation(swagger, "probe")["produces"]


def test_a_model_with_accept_produces_its_choices(swagger: dict[str, Any]) -> None:
    expected = ["application/json", "image/png", "application/pdf", "*/*"]

    assert expected == operation(swagger, "accept_query")["produces"]


def test_an_answer_without_schema_is_a_prediction(swagger: dict[str, Any]) -> None:
    name, definition = answer_schema(swagger, "probe")

    assert "Prediction" == name
    assert {"status", "predictions"} == set(definition["properties"])


def test_a_schema_of_fields_has_the_name_that_clients_look_for(
    swagger: dict[str, Any],
) -> None:
    name, definition = answer_schema(swagger, "schema_dict")

    # The first such schema has the bare name, further ones have a number.
    assert name.startswith("ModelPredictionResponse")
    assert {"status", "message", "predictions", "count"} == set(
        definition["properties"]
    )
    assert "OK or error" == definition["properties"]["status"]["description"]


def test_a_second_schema_of_fields_is_not_lost(swagger: dict[str, Any]) -> None:
    _, definition = answer_schema(swagger, "accept_query")

    assert {"accepted", "status"} == set(definition["properties"])


def test_a_schema_class_has_its_own_name(swagger: dict[str, Any]) -> None:
    name, definition = answer_schema(swagger, "schema_class")

    assert "Labels" == name
    assert {"labels", "probabilities"} == set(definition["properties"])


def test_the_platforms_page_can_be_made_for_each_model(swagger: dict[str, Any]) -> None:
    for path in swagger["paths"]:
        if path.endswith("predict/") and "accept_query" not in path:
            alone = {**swagger, "paths": {path: swagger["paths"][path]}}
            assert gradio.read_page(alone).media_types


def test_the_page_shows_inputs_by_their_type(swagger: dict[str, Any]) -> None:
    path = "/v2/models/probe/predict/"
    page = gradio.read_page({**swagger, "paths": {path: swagger["paths"][path]}})
    kinds = {widget.name: widget.kind for widget in page.widgets}

    expected = {
        "text": "choice",
        "number": "number",
        "flag": "boolean",
        "integers": "array",
        "ranged": "slider",
        "secret": "password",
        "address": "string",
    }
    assert expected == {name: kinds[name] for name in expected}
