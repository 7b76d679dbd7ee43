"""The errors that a route can give, as parts of the OpenAPI document.

Each is one component that routes refer to. `deepaas.frontends.api.problems` makes the
answers that are described here.
"""

from __future__ import annotations

from typing import Any, Final

from deepaas.frontends.api.problems import JSON_MEDIA_TYPE, PROBLEM_MEDIA_TYPE

SCHEMAS: Final[dict[str, Any]] = {
    "Problem": {
        "title": "Problem",
        "description": "What went wrong (RFC 9457).",
        "type": "object",
        "properties": {
            "type": {
                "type": "string",
                "format": "uri",
                "description": "The kind of problem; does not change.",
            },
            "title": {
                "type": "string",
                "description": "The kind of problem, in words.",
            },
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong this time."},
            "instance": {
                "type": "string",
                "format": "uri",
                "description": "Names this one occurrence.",
            },
            "error": {"type": "string", "description": "The same as `detail`."},
            "message": {"type": "string", "description": "The same as `detail`."},
            "request_id": {
                "type": "string",
                "description": "Under this id the server's log knows the request.",
            },
            "errors": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/ArgumentProblem"},
                "description": "One entry for each argument that is wrong.",
            },
            "cause": {"type": "string", "description": "How a worker died."},
            "exit_status": {"type": "integer"},
            "signal": {"type": "string"},
        },
        "required": [
            "type",
            "title",
            "status",
            "detail",
            "instance",
            "error",
            "message",
            "request_id",
        ],
    },
    "ArgumentProblem": {
        "title": "ArgumentProblem",
        "description": "What is wrong with one argument.",
        "type": "object",
        "properties": {
            "detail": {"type": "string"},
            "pointer": {
                "type": "string",
                "description": "JSON Pointer to the value, such as `#/photos/0`.",
            },
        },
        "required": ["detail", "pointer"],
    },
    "ArgumentMessages": {
        "title": "ArgumentMessages",
        "description": "Messages by argument name, as DEEPaaS 2.x gives them.",
        "type": "object",
        "additionalProperties": True,
        "examples": [{"epochs": ["Not a valid integer."]}],
    },
}


def _reference(schema: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{schema}"}}


def _problem(description: str, **headers: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": description,
        "content": {
            PROBLEM_MEDIA_TYPE: _reference("Problem"),
            JSON_MEDIA_TYPE: _reference("Problem"),
        },
    }
    if headers:
        response["headers"] = {
            name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return response


def _messages(description: str) -> dict[str, Any]:
    # Generated clients read any body by the type that stands first.
    return {
        "description": description,
        "content": {
            JSON_MEDIA_TYPE: _reference("ArgumentMessages"),
            PROBLEM_MEDIA_TYPE: _reference("Problem"),
        },
    }


RESPONSES: Final[dict[str, Any]] = {
    "Accepted": {
        "description": "The job that does it, for callers who do not want to wait.",
        "content": {
            JSON_MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "description": "Its status, as `GET /jobs/{job_id}` tells it.",
                }
            }
        },
    },
    "BadRequest": _problem("The request or its body cannot be read."),
    "BadRequestMessages": _messages("The request or its body cannot be read."),
    "NotFound": _problem("There is nothing at this address."),
    "Conflict": _problem("It is in a state in which that cannot be done."),
    "Gone": _problem("It was removed."),
    "MethodNotAllowed": _problem(
        "The address does not know this method.", Allow="The methods that it knows."
    ),
    "NotAcceptable": _problem("The result cannot be sent as the caller wants it."),
    "PreconditionFailed": _problem("It is not as the caller knows it."),
    "ContentTooLarge": _problem("The body is over the server's limit."),
    "UnsupportedMediaType": _problem("The body's media type is not understood."),
    "MisdirectedRequest": _problem("The server does not answer for this host."),
    "InvalidInput": _problem("An argument is wrong, missing or unknown."),
    "InvalidInputMessages": _messages("An argument is wrong or missing."),
    "ModelFailed": _problem("The model failed, or its result cannot be sent."),
    "NotImplemented": _problem("The model or the server does not have this operation."),
    "WorkerDied": _problem("The worker process died while it had the request."),
    "Unavailable": _problem(
        "The server cannot do it now: overload, loading, or shutting down.",
        Retry_After="Seconds after which another try makes sense.",
    ),
    "DeadlineExceeded": _problem("The prediction took longer than it may."),
    "ModelsOwnError": _problem("An error with a status that the model chose."),
}
"""The responses by component name."""

_STATUSES: Final = {
    "400": "BadRequest",
    "404": "NotFound",
    "405": "MethodNotAllowed",
    "406": "NotAcceptable",
    "409": "Conflict",
    "410": "Gone",
    "412": "PreconditionFailed",
    "413": "ContentTooLarge",
    "415": "UnsupportedMediaType",
    "421": "MisdirectedRequest",
    "422": "InvalidInput",
    "500": "ModelFailed",
    "501": "NotImplemented",
    "502": "WorkerDied",
    "503": "Unavailable",
    "504": "DeadlineExceeded",
}
_V1_STATUSES: Final = _STATUSES | {"default": "ModelsOwnError"}
_V2_STATUSES: Final = _V1_STATUSES | {
    "400": "BadRequestMessages",
    "422": "InvalidInputMessages",
}


def error_responses(kind: str) -> dict[str, Any]:
    """Return the error responses of an operation by status, as references.

    Args:
        kind: Of the model; `v2` has its own 400 and 422, and may choose any status, as
            `v1` may.
    """
    names = {"v2": _V2_STATUSES, "v1": _V1_STATUSES}.get(kind, _STATUSES)
    return {
        status: {"$ref": f"#/components/responses/{name}"}
        for status, name in names.items()
        if status not in {"410", "412"}
    }


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the responses for some statuses, as a route's declaration takes them."""
    return {
        status: {"$ref": f"#/components/responses/{_STATUSES[str(status)]}"}
        for status in statuses
    }
