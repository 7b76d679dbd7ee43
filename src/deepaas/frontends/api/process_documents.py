"""The operations of models as processes of OGC API Processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from deepaas.frontends.api.job_documents import OGC_REL, process_id
from deepaas.frontends.api.names import SAFE_IN_A_SEGMENT
from deepaas.model.arguments import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from deepaas.messages import ModelDescription, OperationDescription
    from deepaas.model.arguments import Argument

CONFORMANCE: Final = tuple(
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
    for name in ("core", "ogc-process-description", "json", "job-list", "dismiss")
)
"""The requirements that are met. Not `oas30`: our document is OpenAPI 3.1."""

_DRAFT_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"


def processes_of(
    models: Mapping[str, ModelDescription], *, offered: Collection[str]
) -> Iterator[tuple[str, ModelDescription, OperationDescription]]:
    """Yield the processes that there are, with the model and the operation.

    Args:
        models: What is loaded, by name.
        offered: The operations that this server has.
    """
    for name, model in models.items():
        for operation in model.operations.values():
            if operation.is_implemented and operation.name in offered:
                yield name, model, operation


def process_path(model: str, operation: str, *, root: str) -> str:
    """Return the address of a process."""
    name = quote(process_id(model, operation), safe=SAFE_IN_A_SEGMENT)
    return f"{root}/processes/{name}"


def summary(
    model: str,
    description: ModelDescription,
    operation: OperationDescription,
    *,
    root: str,
    has_jobs: bool,
) -> dict[str, Any]:
    """Return the summary of a process (18-062r2, 7.10)."""
    here = process_path(model, operation.name, root=root)
    jobs = urlencode({"processID": process_id(model, operation.name)})
    metadata = description.metadata
    return {
        "id": process_id(model, operation.name),
        "version": str(metadata.get("version") or "0"),
        "title": operation.summary or f"{operation.name.capitalize()} with {model}",
        "description": operation.description
        or str(metadata.get("description") or metadata.get("summary") or ""),
        "keywords": [model, operation.name],
        "jobControlOptions": _control_options(operation.name, has_jobs=has_jobs),
        "outputTransmission": ["value"],
        "links": [
            _link("self", here, "This process"),
            _link(f"{OGC_REL}/execute", f"{here}/execution", "Run it"),
            _link(f"{OGC_REL}/job-list", f"{root}/jobs?{jobs}", "Its jobs"),
        ],
    }


def description(
    model: str,
    described: ModelDescription,
    operation: OperationDescription,
    *,
    root: str,
    has_jobs: bool,
) -> dict[str, Any]:
    """Return the description of a process (18-062r2, 7.11 and 9.1)."""
    return {
        **summary(model, described, operation, root=root, has_jobs=has_jobs),
        "inputs": {
            one.name: _input(one, operation.definitions) for one in operation.arguments
        },
        "outputs": {OUTPUT: _output(operation)},
    }


def _control_options(operation: str, *, has_jobs: bool) -> list[str]:
    options = [] if operation == "train" else ["sync-execute"]
    return [*options, "async-execute", "dismiss"] if has_jobs else options


def _input(argument: Argument, definitions: Mapping[str, Any]) -> dict[str, Any]:
    schema = dict(argument.schema)
    title = str(schema.get("title") or argument.name)
    described = {
        "title": title,
        "description": argument.description,
        "schema": _with_definitions(_as_ogc(argument, schema), definitions),
        "minOccurs": 1 if argument.required else 0,
    }
    if argument.is_list:
        described["maxOccurs"] = "unbounded"
        described["minOccurs"] = int(argument.required)
    return described


def _as_ogc(argument: Argument, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an input; OGC has binary content as base64 text."""
    if not argument.is_file:
        return schema
    file = {
        "type": "string",
        "contentEncoding": "base64",
        "contentMediaType": "application/octet-stream",
    }
    return {"type": "array", "items": file} if argument.is_list else file


def _output(operation: OperationDescription) -> dict[str, Any]:
    media_type = next((one for one in operation.media_types if one != "*/*"), "")
    if operation.result_schema is not None and media_type == "application/json":
        schema = _with_definitions(operation.result_schema, operation.definitions)
    elif media_type in ("", "application/json"):
        schema = {}
    else:
        schema = {
            "type": "string",
            "contentEncoding": "base64",
            "contentMediaType": media_type,
        }
    return {"title": "The result", "schema": schema}


def _with_definitions(
    schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a schema that stands for itself: what it refers to is within it."""
    if "#/$defs/" not in str(schema):
        return dict(schema)
    return {"$schema": _DRAFT_2020_12, **schema, "$defs": dict(definitions)}


def _link(rel: str, href: str, title: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": "application/json", "title": title}
