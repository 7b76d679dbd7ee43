"""Reads a server's `/openapi.json` back into what an operation takes and gives.

The document is the one that `deepaas.frontends.api.openapi` makes. With it a model at a
server has the same options on the command line as one that is loaded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from deepaas.frontends.api.json_schema import map_schema
from deepaas.messages import OperationDescription
from deepaas.model.arguments import Argument
from deepaas.model.schemas import ALL_TYPES, SchemaReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from deepaas.model.arguments import Location

_COMPONENTS: Final = "#/components/schemas/"
_DEFINITIONS: Final = "#/$defs/"
_JSON: Final = "application/json"
_MANY_AT_A_TIME: Final = "application/x-ndjson"
_ROOT: Final = "/v2/models/"


def model_names(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the models that can predict."""
    return [name for name, _ in _posts(document, "predict")]


def read_operation(
    document: Mapping[str, Any], model: str, operation: str
) -> OperationDescription | None:
    """Return what an operation takes and gives; None if it is not in the document."""
    post = dict(_posts(document, operation)).get(model)
    if post is None:
        return None
    definitions = _localized(document.get("components", {}).get("schemas", {}))
    content = post.get("requestBody", {}).get("content", {})
    schemas = {
        media_type: one["schema"]
        for media_type, one in content.items()
        if media_type != _MANY_AT_A_TIME
    }
    is_open = any("additionalProperties" not in one for one in schemas.values())
    media_types = tuple(post.get("responses", {}).get("200", {}).get("content", ()))
    ask = SchemaReader(definitions)
    arguments = [
        *_of_parameters(post.get("parameters", ()), ask),
        *_of_bodies(schemas, ask),
    ]
    if is_open and len(media_types) > 1:
        arguments += _accept_header(arguments, media_types)
    return OperationDescription(
        name=operation,
        summary=post.get("summary", ""),
        description=post.get("description", ""),
        arguments=tuple(arguments),
        definitions=definitions,
        allows_unknown=is_open,
        media_types=media_types or (_JSON,),
    )


def read_process(document: Mapping[str, Any], operation: str) -> OperationDescription:
    """Return what an operation takes, as its process is described.

    Args:
        document: Of `/processes/{model}.{operation}`.
        operation: The operation's name.
    """
    definitions: dict[str, Any] = {}
    arguments = []
    for name, one in document.get("inputs", {}).items():
        schema = dict(one["schema"])
        schema.pop("$schema", None)
        definitions |= schema.pop("$defs", {})
        if one.get("description"):
            schema["description"] = one["description"]
        arguments.append((name, schema, bool(one.get("minOccurs"))))
    ask = SchemaReader(definitions)
    return OperationDescription(
        name=operation,
        summary=document.get("title", ""),
        description=document.get("description", ""),
        arguments=tuple(
            _argument(
                name, _with_files(schema), required=needed, location="any", ask=ask
            )
            for name, schema, needed in arguments
        ),
        definitions=definitions,
    )


def _with_files(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with files as descriptions have them; a process has base64."""

    def change(one: dict[str, Any]) -> dict[str, Any]:
        if one.get("contentEncoding") == "base64":
            kept = {key: one[key] for key in ("title", "description") if key in one}
            return kept | {"type": "string", "format": "binary"}
        return one

    changed: dict[str, Any] = map_schema(schema, change)
    return changed


def _posts(document: Mapping[str, Any], operation: str) -> Iterator[tuple[str, Any]]:
    for path, item in document.get("paths", {}).items():
        _, is_model, rest = path.partition(_ROOT)
        name = rest.removesuffix(f"/{operation}/")
        if is_model and name != rest and "/" not in name and "{" not in name:
            yield unquote(name), item["post"]


def _of_parameters(
    parameters: Iterable[Mapping[str, Any]], ask: SchemaReader
) -> Iterator[Argument]:
    """Yield the model's own; those that all operations share are references."""
    for one in parameters:
        if "$ref" not in one:
            yield _argument(
                one["name"],
                {"description": one.get("description", ""), **one["schema"]},
                required=bool(one.get("required")),
                location=one["in"],
                ask=ask,
            )


def _of_bodies(schemas: Mapping[str, Any], ask: SchemaReader) -> Iterator[Argument]:
    """Yield the arguments of all bodies, each once, with where it may be."""
    members: dict[str, Any] = {}
    required: set[str] = set()
    for schema in schemas.values():
        members |= schema.get("properties", {})
        required |= set(schema.get("required", ()))
    json = schemas.get(_JSON, {}).get("properties", {})
    forms = [one for media_type, one in schemas.items() if media_type != _JSON]
    for name, schema in members.items():
        is_in_form = any(name in form.get("properties", {}) for form in forms)
        is_json_only = name in json and bool(forms) and not is_in_form
        yield _argument(
            name,
            schema,
            required=name in required,
            location="json" if is_json_only else "any",
            ask=ask,
        )


def _argument(
    name: str,
    schema: Any,
    *,
    required: bool,
    location: Location,
    ask: SchemaReader,
) -> Argument:
    schema = _localized(schema)
    types = ask.types(schema)
    return Argument(
        name=name,
        keyword=name,
        schema=schema,
        required=required,
        location=location,
        is_file=ask.is_file(schema),
        is_list="array" in types and types != ALL_TYPES,
        is_nullable="null" in types,
    )


def _accept_header(
    arguments: list[Argument], media_types: tuple[str, ...]
) -> Iterator[Argument]:
    """Yield the argument of 2.x that OpenAPI has as a part of the protocol."""
    if not any(one.name == "accept" for one in arguments):
        yield Argument(
            name="accept",
            keyword="accept",
            schema={
                "type": "string",
                "enum": list(media_types),
                "default": media_types[0],
            },
            required=False,
            location="header",
        )


def _localized(schema: Any) -> Any:
    """Return schemas with references as descriptions have them."""

    def change(one: dict[str, Any]) -> dict[str, Any]:
        if isinstance(reference := one.get("$ref"), str):
            one["$ref"] = reference.replace(_COMPONENTS, _DEFINITIONS, 1)
        return one

    return map_schema(schema, change)
