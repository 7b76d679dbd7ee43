"""Describes the loaded models as OpenAPI 3.1.

Each model has its own paths with its own schemas, so a generated client has one typed
function for each operation of each model. The part that is the same for all servers
(probes, lists) is declared elsewhere and joined by `merge`.

Three choices keep clients working:

- Files in forms are `format: binary`, the 3.0 way: generators know it, and not yet
  `contentMediaType`.
- Component and operation names carry the model's name, so that two models may each have
  a `Label`.
- The server's address is relative to the document, so it survives proxies. The base
  path stands in the paths, for the tools that take no notice of the server's address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs

from deepaas.frontends.api import error_responses, openapi_jobs
from deepaas.frontends.api.event_stream import MEDIA_TYPE as EVENT_STREAM
from deepaas.frontends.api.json_schema import (
    DEFINITIONS,
    as_text_schema,
    is_plausible,
    map_schema,
    rename_references,
)
from deepaas.frontends.api.names import identifier, model_path, unused_name
from deepaas.frontends.api.request_bodies import request_body

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from deepaas.messages import ModelDescription, OperationDescription
    from deepaas.model.arguments import Argument

TITLE: Final = "deepaas"
"""Generators name the client after it; `DEEPaaS` would become `dee_paa_s_client`."""

DESCRIPTION: Final = (
    "Machine learning models over HTTP. Each model has its own addresses, "
    "arguments and results."
)
_RESULT: Final = "The result."
_ALSO_AS_JSON: Final = " As `application/json` too, if the Accept header says so."
_JSON: Final = "application/json"
_SCHEMAS: Final = "#/components/schemas/"

_REQUEST_ID: Final = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "The id under which the server's log shall know the request.",
    "schema": {"type": "string"},
}
"""Every operation has it. Without any optional parameter, openapi-python-client writes
code that cannot be imported where there are two kinds of bodies (its issue 1451)."""

_BECOMES_A_CLASS: Final = frozenset({"enum", "properties", "anyOf", "oneOf", "allOf"})

_IGNORED_HEADERS: Final = frozenset(
    {"accept", "authorization", "content-type", "x-request-id"}
)
"""What other parts of the document say; the first three are no parameters anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """One operation of one model, ready to be described.

    Attributes:
        model: The model's name.
        slug: The model's name as identifiers have it.
        kind: Of the model.
        operation: Its references point to components.
    """

    model: str
    slug: str
    kind: str
    operation: OperationDescription


def openapi_document(
    models: Mapping[str, ModelDescription],
    *,
    version: str,
    base_path: str = "",
    enabled: Collection[str] = ("predict", "train", "validate"),
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the models' operations.

    Args:
        models: What is loaded, by name.
        version: Of this server.
        base_path: What stands before all paths, such as `/a/b`.
        enabled: Operations that the operator has not switched off.
    """
    schemas = {**error_responses.SCHEMAS, **openapi_jobs.SCHEMAS}
    routes = [
        _adopt(name, kind=model.kind, slug=slug, operation=operation, schemas=schemas)
        for (name, model), slug in zip(models.items(), _slugs(models), strict=True)
        for operation in model.operations.values()
        if operation.name in enabled
    ]
    return {
        "openapi": "3.1.0",
        "info": _info(version),
        "servers": [{"url": _server_url(base_path)}],
        "tags": [_tag(name, model) for name, model in models.items()],
        "paths": {
            f"{base_path}{model_path(route.model)}{route.operation.name}/": _item(
                route, schemas
            )
            for route in routes
        },
        "components": {
            "schemas": schemas,
            "responses": error_responses.RESPONSES,
            "parameters": {"RequestId": _REQUEST_ID},
        },
    }


def merge(
    control_plane: dict[str, Any], ours: dict[str, Any], *, base_path: str = ""
) -> dict[str, Any]:
    """Return one document with the paths of both.

    Components of the same name are taken from `ours`, so that routes of the control
    plane may refer to the error responses that stand there.

    Args:
        control_plane: An OpenAPI document without models and without the base path.
        ours: From `openapi_document`.
        base_path: What stands before all paths.
    """
    paths = {
        (base_path + path if path != "/" else base_path or "/"): {
            method: _without_validation(operation) for method, operation in item.items()
        }
        for path, item in control_plane.get("paths", {}).items()
    }
    components = {
        section: {
            **control_plane.get("components", {}).get(section, {}),
            **ours["components"].get(section, {}),
        }
        for section in control_plane.get("components", {}) | ours["components"]
    }
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)
    return {
        **control_plane,
        **ours,
        "tags": [*control_plane.get("tags", []), *ours["tags"]],
        "paths": {**paths, **ours["paths"]},
        "components": components,
    }


def _without_validation(operation: dict[str, Any]) -> dict[str, Any]:
    """Leave out the 422 that FastAPI gives every route with a parameter.

    The parameters of the control plane are texts, in which nothing can be wrong.
    """
    responses = {
        status: response
        for status, response in operation.get("responses", {}).items()
        if "HTTPValidationError" not in str(response)
    }
    return {**operation, "responses": responses}


def _info(version: str) -> dict[str, Any]:
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "version": version,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _server_url(base_path: str) -> str:
    """Return the root of all paths as seen from the document, below `base_path`."""
    return "/".join([".."] * base_path.count("/")) or "."


def _tag(name: str, model: ModelDescription) -> dict[str, str]:
    description = model.metadata.get("description") or f"The model {name}."
    return {"name": name, "description": str(description)}


def _slugs(names: Collection[str]) -> list[str]:
    slugs: list[str] = []
    for name in names:
        slugs.append(unused_name(identifier(name), slugs))
    return slugs


def _adopt(
    name: str,
    *,
    kind: str,
    slug: str,
    operation: OperationDescription,
    schemas: dict[str, Any],
) -> _Route:
    """Move the operation's definitions to the document's components."""
    renamed: dict[str, str] = {}
    for old in operation.definitions:
        new = unused_name(f"{slug}_{identifier(old)}", schemas)
        schemas[new] = {}
        renamed[DEFINITIONS + old] = _SCHEMAS + new
    for old, schema in operation.definitions.items():
        new = renamed[DEFINITIONS + old].removeprefix(_SCHEMAS)
        schemas[new] = _localized(schema, renamed)
    return _Route(
        model=name,
        slug=slug,
        kind=kind,
        operation=structs.replace(
            operation,
            arguments=tuple(
                structs.replace(one, schema=_localized(one.schema, renamed))
                for one in operation.arguments
            ),
            result_schema=_localized(operation.result_schema, renamed),
        ),
    )


def _localized(schema: Any, renamed: Mapping[str, str]) -> Any:
    """Return `schema` as it stands in the document.

    Generators name classes by title, and two models may each have a `Label`; and they
    leave out an operation with a default that its own type does not allow.
    """

    def change(one: dict[str, Any]) -> dict[str, Any]:
        if not _BECOMES_A_CLASS.isdisjoint(one):
            one.pop("title", None)
        if "default" in one and not is_plausible(one["default"], one):
            del one["default"]
        return one

    return map_schema(rename_references(schema, renamed), change)


def _item(route: _Route, schemas: Mapping[str, Any]) -> dict[str, Any]:
    item = {"post": _post(route, schemas)}
    if route.operation.name == "train":
        item["get"] = openapi_jobs.training_list(route.slug, tag=route.model)
    return item


def _post(route: _Route, schemas: Mapping[str, Any]) -> dict[str, Any]:
    operation = route.operation
    summary = operation.summary or f"{operation.name.capitalize()} with {route.model}"
    described = {
        "operationId": f"{operation.name}_{route.slug}",
        "tags": [route.model],
        "summary": summary,
        "description": operation.description or summary,
        "parameters": _parameters(operation.arguments),
        "requestBody": request_body(operation, kind=route.kind, schemas=schemas),
        "responses": _responses(route),
    }
    return {key: value for key, value in described.items() if value}


def _parameters(arguments: Iterable[Argument]) -> list[dict[str, Any]]:
    own = [
        {
            "name": one.name,
            "in": one.location,
            "required": one.required,
            "description": one.description,
            "schema": as_text_schema(one.schema),
        }
        for one in arguments
        if one.location in {"query", "header", "cookie"}
        and not (one.location == "header" and one.name.lower() in _IGNORED_HEADERS)
    ]
    return [*own, {"$ref": "#/components/parameters/RequestId"}]


def _responses(route: _Route) -> dict[str, Any]:
    if route.operation.name == "train":
        return openapi_jobs.training_responses(route.kind)
    if route.operation.name == "validate":
        return openapi_jobs.validation_responses(
            route.kind, result=_result(route.operation)
        )
    errors = error_responses.error_responses(route.kind)
    accepted = {"$ref": "#/components/responses/Accepted"}
    return {"200": _result(route.operation), "202": accepted} | errors


def _result(operation: OperationDescription) -> dict[str, Any]:
    """Return the response of a success.

    Generated clients send no Accept header and read what comes as JSON if JSON is among
    the types; so where it is not the default it is told in words.
    """
    offered = [one for one in operation.media_types if one != "*/*"]
    is_json_told = _JSON in offered[1:]
    shown = [one for one in offered if not (is_json_told and one == _JSON)]
    return {
        "description": _RESULT + (_ALSO_AS_JSON if is_json_told else ""),
        "content": {
            media_type: {"schema": _result_schema(media_type, operation.result_schema)}
            for media_type in shown
        },
    }


def _result_schema(
    media_type: str, json_schema: dict[str, Any] | None
) -> dict[str, Any]:
    if media_type == _JSON:
        return json_schema or {}
    if media_type == EVENT_STREAM:
        return {}  # a schema would be one for each event, and not all clients know that
    if media_type.startswith("text/") or media_type == "application/x-ndjson":
        return {"type": "string"}
    return {"type": "string", "format": "binary"}
