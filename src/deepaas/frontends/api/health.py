"""Probes for those who run the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from deepaas.frontends.api import schemas

if TYPE_CHECKING:
    from deepaas.runtime.dataplane import DataPlane


def make_router(plane: DataPlane, *, is_strict: bool) -> APIRouter:
    """Return the routes.

    Args:
        plane: The models.
        is_strict: Whether one failed model makes the server not ready.
    """
    router = APIRouter(tags=["health"])

    @router.get(
        "/livez",
        operation_id="get_liveness",
        summary="Is the process alive?",
        response_model=None,
        responses={200: {"model": schemas.Liveness}},
    )
    async def get_liveness() -> dict[str, str]:
        """Say that the process answers; looks at nothing else."""
        return {"status": "live"}

    @router.get(
        "/readyz",
        operation_id="get_readiness",
        summary="Can predictions be answered?",
        response_model=None,
        responses={
            200: {"model": schemas.Readiness},
            503: {
                "model": schemas.Readiness,
                "description": "Not ready; the reasons are in the body.",
            },
        },
    )
    async def get_readiness() -> JSONResponse:
        """Say whether predictions can be answered, and if not, why."""
        document = readiness(plane, is_strict=is_strict)
        status = 200 if document["status"] == "ready" else 503
        return JSONResponse(document, status_code=status)

    return router


def readiness(plane: DataPlane, *, is_strict: bool) -> dict[str, Any]:
    """Return the document that says whether predictions can be answered."""
    states = {name: pool.state for name, pool in plane.pools.items()}
    reasons = []
    if plane.is_draining:
        reasons.append("The server is shutting down.")
    reasons += [
        f"Model {name!r} is loading."
        for name, state in states.items()
        if state == "loading"
    ]
    failed = {
        name: pool.failure.detail
        for name, pool in plane.pools.items()
        if pool.failure is not None
    }
    if failed and (is_strict or not {"ready", "unloaded"} & set(states.values())):
        reasons += failed.values()
    return {
        "status": "unready" if reasons else "ready",
        "reasons": reasons,
        "models": {
            name: {
                "state": state,
                **({"reason": failed[name]} if name in failed else {}),
            }
            for name, state in states.items()
        },
    }
