"""Probes for those who run the server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from deepaas import __version__
from deepaas.frontends.api import schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.runtime.dataplane import DataPlane

_PLATFORM: Final = ("K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""What Knative says of a container, in its environment."""

Verbose = Annotated[str | None, Query(description="Tell of the server itself, too.")]


def make_router(
    plane: DataPlane, *, is_strict: bool, environ: Mapping[str, str] = os.environ
) -> APIRouter:
    """Return the routes.

    Args:
        plane: The models.
        is_strict: Whether one failed model makes the server not ready.
        environ: The environment variables.
    """
    server = {
        "version": __version__,
        "platform": {name: environ[name] for name in _PLATFORM if name in environ},
    }
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
    async def get_readiness(verbose: Verbose = None) -> JSONResponse:
        """Say whether predictions can be answered, and if not, why."""
        document = readiness(plane, is_strict=is_strict)
        status = 200 if document["status"] == "ready" else 503
        if verbose is not None:
            document |= server
            for name, pool in plane.pools.items():
                document["models"][name] |= {
                    "version": pool.version.number,
                    "warnings": pool.warnings,
                }
        return JSONResponse(document, status_code=status)

    return router


def readiness(plane: DataPlane, *, is_strict: bool) -> dict[str, Any]:
    """Return the document that says whether predictions can be answered."""
    states = {name: pool.state for name, pool in plane.pools.items()}
    reasons = []
    if plane.is_leaving or plane.is_draining:
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
