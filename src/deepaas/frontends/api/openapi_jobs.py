"""The part of the OpenAPI document that tells of trainings, validations and executions.

These routes belong to models, so their bodies come from the models' descriptions; what
they answer is the same for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deepaas.frontends.api.error_responses import error_responses

if TYPE_CHECKING:
    from collections.abc import Collection

_JSON: Final = "application/json"
_MODEL: Final = {
    "name": "model",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
}

SCHEMAS: Final[dict[str, Any]] = {
    "Training": {
        "title": "Training",
        "description": "A training, as DEEPaaS 2.x describes it.",
        "type": "object",
        "properties": {
            "uuid": {"type": "string", "description": "The id of the job."},
            "date": {"type": "string", "description": "When it was asked for."},
            "args": {"type": "object", "additionalProperties": True},
            "status": {
                "type": "string",
                "enum": ["running", "done", "error", "cancelled"],
            },
            "waiting": {"type": "boolean", "description": "It has not begun."},
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "message": {"type": "string", "description": "Why it failed."},
            "result": {
                "type": "object",
                "properties": {
                    "output": {"description": "What the model returned."},
                    "finish_date": {"type": "string"},
                    "duration": {"type": "string"},
                },
                "required": ["output", "finish_date", "duration"],
            },
        },
        "required": ["uuid", "date", "args", "status"],
    },
    "Execute": {
        "title": "Execute",
        "description": "What to run a process with (OGC API Processes).",
        "type": "object",
        "properties": {
            "inputs": {
                "type": "object",
                "additionalProperties": True,
                "description": "Values by the name of the input.",
            },
            "outputs": {"type": "object", "additionalProperties": True},
            "response": {
                "type": "string",
                "enum": ["raw", "document"],
                "default": "raw",
            },
        },
    },
}

_TRAINING: Final = {"$ref": "#/components/schemas/Training"}


def training_responses(kind: str) -> dict[str, Any]:
    """Return what starting a training answers, by status."""
    return {
        "200": _json("The training, which runs or waits.", _TRAINING),
        "202": {"$ref": "#/components/responses/Accepted"},
        **_errors(kind),
    }


def validation_responses(kind: str, *, result: dict[str, Any]) -> dict[str, Any]:
    """Return what a validation answers, by status."""
    accepted = {"$ref": "#/components/responses/Accepted"}
    return {"200": result, "202": accepted, **error_responses(kind)}


def training_list(slug: str, *, tag: str) -> dict[str, Any]:
    """Return the operation that lists a model's trainings."""
    listed = {"type": "array", "items": _TRAINING}
    return {
        "operationId": f"list_trainings_{slug}",
        "tags": [tag],
        "summary": "List the trainings",
        "responses": {
            "200": _json("The trainings, in the order of their start.", listed),
            **_some_errors("404", "405", "421", "503"),
        },
    }


def generic_paths(enabled: Collection[str]) -> dict[str, Any]:
    """Return the paths that name their model or process as a parameter.

    Args:
        enabled: Operations that the operator has not switched off.
    """
    paths: dict[str, Any] = {
        "/processes/{process}/execution": {"post": _execution()},
        "/v2/models/{model}/versions/{version}/predict/": {
            "post": _with_version(
                "predict_with_version",
                "Ask one version of a model",
                {**_result_or_job(), **error_responses("v2")},
            )
        },
        "/v2/models/{model}/versions/{version}/validate/": {
            "post": _with_version(
                "validate_version",
                "Validate one version of a model",
                {**_result_or_job(), **error_responses("v2")},
            )
        },
    }
    if "train" in enabled:
        paths["/v2/models/{model}/versions/{version}/train/"] = {
            "post": _with_version(
                "train_from_version",
                "Start a training from one version of a model",
                training_responses("v2"),
            )
        }
        paths["/v2/models/{model}/train/{training_id}"] = {
            "get": _one_training("get_training", "Show a training"),
            "delete": _one_training("cancel_training", "Cancel or forget a training"),
        }
    return paths


def _one_training(operation_id: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": ["v2"],
        "summary": summary,
        "parameters": [_MODEL, _path_parameter("training_id")],
        "responses": {
            "200": _json("The training.", _TRAINING),
            **_some_errors("404", "405", "421", "503"),
        },
    }


def _execution() -> dict[str, Any]:
    return {
        "operationId": "execute",
        "tags": ["processes"],
        "summary": "Run a process",
        "description": "A prediction is answered at once unless the caller prefers "
        "`respond-async`; a training always becomes a job.",
        "parameters": [_path_parameter("process"), _version_parameter("query")],
        "requestBody": {
            "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Execute"}}}
        },
        "responses": {
            "200": _any_result(),
            "201": {"$ref": "#/components/responses/Accepted"},
            **error_responses("native"),
            "default": {"$ref": "#/components/responses/ModelsOwnError"},
        },
    }


def _with_version(
    operation_id: str, summary: str, responses: dict[str, Any]
) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": ["versions"],
        "summary": summary,
        "parameters": [_MODEL, _version_parameter("path")],
        "requestBody": {
            "description": "As for the model's active version.",
            "content": {_JSON: {"schema": {"type": "object"}}},
        },
        "responses": responses,
    }


def _result_or_job() -> dict[str, Any]:
    accepted = {"$ref": "#/components/responses/Accepted"}
    return {"200": _any_result(), "202": accepted}


def _any_result() -> dict[str, Any]:
    return {
        "description": "The result.",
        "content": {_JSON: {"schema": {}}, "*/*": {"schema": {}}},
    }


def _errors(kind: str) -> dict[str, Any]:
    errors = error_responses(kind)
    return {
        status: errors[status]
        for status in errors
        if status not in ("406", "502", "504", "default")
    }


def _some_errors(*statuses: str) -> dict[str, Any]:
    errors = error_responses("native")
    return {status: errors[status] for status in statuses}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _version_parameter(where: str) -> dict[str, Any]:
    return {
        "name": "version",
        "in": where,
        "required": where == "path",
        "description": "The number of the version; 0 is the model as installed.",
        "schema": {"type": "integer", "minimum": 0},
    }
