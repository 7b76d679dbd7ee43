"""Describes the 2.x routes as Swagger 2.0, for the clients that were written for 2.x.

They read it literally: the Gradio client of the AI4EOSC platform takes the first path
that ends in `predict/`, matches the inputs of its form with `parameters` by position,
makes a tab for each of `produces`, and shows the fields of
`definitions.ModelPredictionResponse`. So the order of the parameters is the author's,
only `accept` goes last, because that client leaves it out; and a native model whose
result is an object lends it that name.

What 2.6 said wrongly of the answers is put right; everything else is as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from deepaas.frontends.api.json_schema import DEFINITIONS, resolve
from deepaas.frontends.api.names import (
    SAFE_IN_A_SEGMENT,
    identifier,
    model_path,
    unused_name,
)
from deepaas.frontends.api.swagger_schemas import (
    parameter,
    swagger_schema,
)
from deepaas.messages import OperationDescription

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from deepaas.messages import ModelDescription
    from deepaas.model.arguments import Argument

_JSON: Final = "application/json"
_RESULT: Final[dict[str, Any]] = {"description": "The result.", "schema": {}}
_ACCEPT: Final = "accept"
_ANYTHING: Final = "*/*"
_RESULT_NAME: Final = "ModelPredictionResponse"
_SUMMARIES: Final = {
    "predict": "Make a prediction given the input data",
    "train": "Retrain model with available data",
}


def swagger_document(
    models: Mapping[str, ModelDescription],
    *,
    version: str,
    base_path: str = "",
    enabled: Collection[str] = ("predict", "train"),
    v1_roots: Collection[str] = (),
) -> dict[str, Any]:
    """Return the Swagger 2.0 document.

    Args:
        models: What is loaded, by name.
        version: Of this server.
        base_path: What stands before all paths, such as `/a/b`.
        enabled: Operations that the operator has not switched off.
        v1_roots: What stands before the names of V1 models at their own addresses.
    """
    definitions = dict(_DEFINITIONS)
    paths = {
        base_path or "/": _get("versions", "Get available API versions", "Versions")
    }
    for path, route in _LISTS.items():
        paths[base_path + path] = route
    for name, model in models.items():
        metadata = _get("models", "Return model's metadata", "ModelMeta")
        operations = {
            operation: _post(model, operation, definitions=definitions)
            for operation in _SUMMARIES
            if operation in enabled
        }
        root = base_path + model_path(name)
        paths[root] = metadata
        for operation, described in operations.items():
            paths[f"{root}{operation}/"] = {"post": described}
        for v1_root in v1_roots if model.kind == "v1" else ():
            root = f"{base_path}{v1_root}/{quote(name, safe=SAFE_IN_A_SEGMENT)}"
            paths[root] = metadata
            for operation, described in operations.items():
                method = "put" if operation == "train" else "post"
                # There, a training answers with its result, too.
                responses = {"200": _RESULT, **described["responses"]}
                paths[f"{root}/{operation}"] = {
                    method: {**described, "responses": responses}
                }
    return {
        "swagger": "2.0",
        "info": {
            "title": "DEEP as a Service API endpoint",
            "description": "Access to machine learning models.",
            "version": version,
        },
        "externalDocs": {
            "description": "API documentation",
            "url": "https://deepaas.readthedocs.org/",
        },
        "paths": paths,
        "definitions": definitions,
    }


def _post(
    model: ModelDescription, name: str, *, definitions: dict[str, Any]
) -> dict[str, Any]:
    operation = model.operations.get(name) or OperationDescription(name=name)
    renamed = _add_definitions(operation.definitions, definitions, kind=model.kind)
    parameters = _parameters(operation, kind=model.kind, renamed=renamed)
    described: dict[str, Any] = {
        "tags": ["models"],
        "summary": _SUMMARIES[name],
        "produces": [_JSON],
        "responses": dict(_ERRORS),
        "parameters": parameters,
    }
    if operation.summary:
        described["description"] = operation.description or operation.summary
    if any(one["in"] == "formData" for one in parameters):
        described["consumes"] = ["multipart/form-data"]
    if name == "predict":
        described["produces"] = _produces(operation, kind=model.kind)
        schema = _result(
            operation, model.kind, definitions=definitions, renamed=renamed
        )
        described["responses"]["200"] = {"description": "The result.", "schema": schema}
    return described


def _add_definitions(
    added: Mapping[str, Any], definitions: dict[str, Any], *, kind: str
) -> dict[str, str]:
    """Add schemas under names that are free; return the new references by old ones."""
    renamed = {}
    for old in added:
        new = unused_name(identifier(old), definitions, first=1)
        definitions[new] = {}
        renamed[DEFINITIONS + old] = f"#/definitions/{new}"
    for old, schema in added.items():
        new = renamed[DEFINITIONS + old].rpartition("/")[2]
        definitions[new] = swagger_schema(schema, renamed=renamed, kind=kind)
    return renamed


def _parameters(
    operation: OperationDescription, *, kind: str, renamed: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return one parameter for each argument; JSON's share one, cookies have none."""
    in_order = sorted(operation.arguments, key=lambda one: one.name == _ACCEPT)
    in_json = [one for one in in_order if one.location == "json"]
    parameters = []
    for one in in_order:
        if one.location == "json":
            if one is in_json[0]:
                parameters.append(_body(in_json, kind=kind, renamed=renamed))
        elif one.location != "cookie":
            described = parameter(one, definitions=operation.definitions, kind=kind)
            parameters.append(
                _with_anything(described) if one.name == _ACCEPT else described
            )
    return parameters


def _body(
    arguments: Sequence[Argument], *, kind: str, renamed: Mapping[str, str]
) -> dict[str, Any]:
    properties = {
        one.name: swagger_schema(one.schema, renamed=renamed, kind=kind)
        for one in arguments
    }
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required := [one.name for one in arguments if one.required]:
        schema["required"] = required
    return {"in": "body", "name": "body", "required": False, "schema": schema}


def _with_anything(accept: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter `accept` with `*/*` among its choices, as 2.6 had it."""
    choices = [one for one in accept.get("enum", ()) if one != _ANYTHING]
    return {**accept, "enum": [*choices, _ANYTHING]} if choices else accept


def _produces(operation: OperationDescription, *, kind: str) -> list[str]:
    if kind != "v2":
        # The Gradio client ends at a type that it cannot show.
        shown = [one for one in operation.media_types if not one.startswith("text/")]
        return shown or [_JSON]
    accept = [one for one in operation.arguments if one.name == _ACCEPT]
    if not accept:
        return [_JSON]
    choices = accept[0].schema.get("enum") or operation.media_types
    return [*(one for one in choices if one != _ANYTHING), _ANYTHING]


def _result(
    operation: OperationDescription,
    kind: str,
    *,
    definitions: dict[str, Any],
    renamed: Mapping[str, str],
) -> dict[str, Any]:
    schema = swagger_schema(operation.result_schema, renamed=renamed, kind=kind)
    if kind == "v2":
        if operation.result_name is None:
            return {"$ref": "#/definitions/Prediction"}
        return _named(operation.result_name, schema, definitions)
    whole = resolve(schema, definitions)
    return _named(_RESULT_NAME, whole, definitions) if "properties" in whole else schema


def _named(
    name: str, schema: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    name = unused_name(identifier(name), definitions, first=1)
    definitions[name] = schema
    return {"$ref": f"#/definitions/{name}"}


def _get(tag: str, summary: str, result: str) -> dict[str, Any]:
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "produces": [_JSON],
            "responses": {
                "200": {
                    "description": "",
                    "schema": {"$ref": f"#/definitions/{result}"},
                }
            },
        }
    }


_ERRORS: Final = {
    "400": {
        "description": "The body cannot be read.",
        "schema": {"$ref": "#/definitions/Failure"},
    },
    "422": {
        "description": "An argument is wrong or missing: messages by argument.",
        "schema": {"type": "object"},
    },
    "default": {
        "description": "Any other failure.",
        "schema": {"$ref": "#/definitions/Failure"},
    },
}

_LISTS: Final[dict[str, Any]] = {
    "/v2/": _get("versions", "Get V2 API version information", "Version"),
    "/v2/debug/": {
        "get": {
            "tags": ["debug"],
            "summary": "Return debug information if enabled by API.",
            "produces": ["text/plain"],
            "responses": {
                "200": {"description": "Debug information if it is enabled."},
                "204": {"description": "Debug information is not enabled."},
            },
        }
    },
    "/v2/models/": _get(
        "models", "Return loaded models and its information", "ModelList"
    ),
}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "object", "properties": properties}
    return {**described, "required": list(required)} if required else described


def _text(description: str = "") -> dict[str, Any]:
    return {"type": "string", **({"description": description} if description else {})}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/definitions/{name}"}}


_DEFINITIONS: Final[dict[str, Any]] = {
    "Failure": _object("message", message=_text("Failure message")),
    "Location": _object("rel", "href", rel=_text(), href=_text(), type=_text()),
    "Version": _object(
        "version", "id", version=_text(), id=_text(), links=_list_of("Location")
    ),
    "Versions": _object(versions=_list_of("Version"), links=_list_of("Location")),
    "ModelMeta": _object(
        "id",
        "name",
        id=_text("Model identifier"),
        name=_text("Model name"),
        description=_text("Model description"),
        license=_text("Model license"),
        author=_text("Model author"),
        version=_text("Model version"),
        url=_text("Model url"),
        links=_list_of("Location"),
    ),
    "ModelList": _object("models", models=_list_of("ModelMeta")),
    "Prediction": _object(
        "status",
        "predictions",
        status=_text("Response status message"),
        predictions={"description": "What the model returned"},
    ),
}
