"""The routes of DEEPaaS 2.x, but predictions.

Their documents are what 2.x clients read: shapes, key names and quirks are kept, and
so is the charset that nobody needs.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from deepaas import errors
from deepaas.frontends.api import landing, schemas
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.place import root_path
from deepaas.frontends.api.v2_json import V2JSONResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepaas.backends.telemetry.logs import DebugBuffer
    from deepaas.frontends.openinference.service import OpenInference
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.pool import ModelPool


def make_router(
    plane: DataPlane,
    *,
    debug_buffer: DebugBuffer | None,
    open_inference: OpenInference,
) -> APIRouter:
    """Return the routes.

    Args:
        plane: The models.
        debug_buffer: What the debug route shows, or None to show nothing.
        open_inference: What the Open Inference Protocol tells, which these documents
            tell as well.
    """
    router = APIRouter(default_response_class=V2JSONResponse)

    @router.get(
        "/v2/",
        tags=["v2"],
        operation_id="get_v2_version",
        summary="Describe version 2 of the API",
        response_model=None,
        responses={200: {"model": schemas.Version}},
    )
    async def get_version() -> dict[str, Any]:
        """Describe version 2 of the API."""
        document = landing.version_document("v2", base_path=root_path.get())
        return document | open_inference.server_metadata() | document

    @router.get(
        "/v2/models/",
        tags=["v2"],
        operation_id="list_models",
        summary="List the models",
        response_model=None,
        responses={200: {"model": schemas.Models}},
    )
    async def list_models() -> dict[str, Any]:
        """List the models that are served here."""
        root = f"{root_path.get()}/v2/models"
        return await list_document(plane.pools.values(), root=root)

    @router.get(
        "/v2/models/{model}/",
        tags=["v2"],
        operation_id="get_model",
        summary="Describe a model",
        response_model=None,
        responses={200: {"model": schemas.Model}, **problem_responses(404, 500, 503)},
    )
    async def get_model(model: str) -> dict[str, Any]:
        """Describe one model."""
        href = f"{root_path.get()}/v2/models/{model}"
        document = await model_document(plane.pool(model), href=href)
        return document | await open_inference.model_metadata(model) | document

    @router.post("/v2/models/{model}/predict/", include_in_schema=False)
    async def predict_with_unknown_model(model: str) -> None:
        """Answer for names that no model has; each model has a route of its own."""
        raise errors.ModelNotFoundError(model)

    @router.get(
        "/v2/debug/",
        tags=["v2"],
        operation_id="get_debug",
        summary="Show the newest part of the log",
        status_code=204,
        response_class=Response,
        responses={
            200: {
                "description": "The log, where that is switched on.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    )
    async def get_debug() -> Response:
        """Show what the server and its models have logged, if that is switched on."""
        if debug_buffer is None:
            return Response(status_code=204)
        marker = f"--- DEBUG MARKER {datetime.now().astimezone()} ---\n"
        return PlainTextResponse(f"{debug_buffer.text()}{marker}\n")

    return router


async def list_document(pools: Iterable[ModelPool], *, root: str) -> dict[str, Any]:
    """Return the documents of models, or their names when they cannot tell more.

    Args:
        pools: The models' workers.
        root: What stands before the models' names in their addresses.
    """
    documents = (_document_or_name(pool, href=f"{root}/{pool.name}") for pool in pools)
    return {"models": await asyncio.gather(*documents)}


async def model_document(pool: ModelPool, *, href: str) -> dict[str, Any]:
    """Return a model's document: what it says of itself, under its name here.

    Args:
        pool: The model's workers.
        href: The address of the document.
    """
    metadata = await pool.metadata()
    return {**_named(pool, href), **metadata, "id": pool.name}


async def _document_or_name(pool: ModelPool, *, href: str) -> dict[str, Any]:
    try:
        return await model_document(pool, href=href)
    except errors.DeepaasError as error:
        return {**_named(pool, href), "description": error.detail}


def _named(pool: ModelPool, href: str) -> dict[str, Any]:
    link = {"rel": "self", "href": href}
    return {"id": pool.name, "name": pool.name, "links": [link]}
