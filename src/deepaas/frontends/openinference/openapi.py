"""Inference as a part of the OpenAPI document; all else declares itself."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from deepaas.frontends.api.error_responses import error_responses
from deepaas.frontends.openinference import schemas
from deepaas.frontends.openinference.rest import TAG

_SCHEMAS: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_BINARY: Final = "application/octet-stream"
_TENSORS: Final = {"type": "string", "format": "binary"}

_LENGTH: Final = {
    "description": "How long the JSON is, where binary tensors follow it.",
    "schema": {"type": "integer", "minimum": 0},
}
_LENGTH_NAME: Final = "Inference-Header-Content-Length"


def inference_schemas() -> dict[str, Any]:
    """Return the schemas of request and answer."""
    _, document = models_json_schema(
        [(schemas.InferRequest, "validation"), (schemas.InferResponse, "validation")],
        ref_template=_SCHEMAS + "{model}",
    )
    found: dict[str, Any] = document["$defs"]
    return found


def inference_paths() -> dict[str, Any]:
    """Return the paths of inference."""
    return {
        "/v2/models/{model}/infer": {
            "post": _infer("infer", "Ask a model with tensors", ["model"])
        },
        "/v2/models/{model}/versions/{version}/infer": {
            "post": _infer(
                "infer_with_version",
                "Ask a version of a model with tensors",
                ["model", "version"],
            )
        },
    }


def _infer(operation_id: str, summary: str, names: list[str]) -> dict[str, Any]:
    answer = {
        "description": "The outputs.",
        "headers": {_LENGTH_NAME: _LENGTH},
        "content": {
            _JSON: {"schema": {"$ref": f"{_SCHEMAS}InferResponse"}},
            _BINARY: {"schema": _TENSORS},
        },
    }
    text: dict[str, Any] = {"required": True, "schema": {"type": "string"}}
    return {
        "operationId": operation_id,
        "tags": [TAG],
        "summary": summary,
        "parameters": [
            *({"name": one, "in": "path", **text} for one in names),
            {"name": _LENGTH_NAME, "in": "header", "required": False, **_LENGTH},
            {"$ref": "#/components/parameters/RequestId"},
        ],
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {"schema": {"$ref": f"{_SCHEMAS}InferRequest"}},
                _BINARY: {"schema": _TENSORS},
            },
        },
        "responses": {"200": answer, **error_responses("native")},
    }
