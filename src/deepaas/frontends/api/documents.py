"""Routes that describe the API to programs and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from deepaas.frontends.api import (
    docs_page,
    landing,
    openapi,
    openapi_jobs,
    problems,
    schemas,
    swagger,
    v1,
)
from deepaas.frontends.api.place import root_path
from deepaas.frontends.api.v2_json import V2JSONResponse
from deepaas.frontends.openinference.openapi import (
    inference_paths,
    inference_schemas,
)
from deepaas.model.negotiation import choose_media_type

if TYPE_CHECKING:
    from fastapi import FastAPI

    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.settings import ApiSettings


def make_router(
    app: FastAPI, door: JobDoor, *, api: ApiSettings, version: str
) -> APIRouter:
    """Return the routes.

    Args:
        app: Describes its own routes.
        door: Leads to the models and the jobs.
        api: Which operations and documents are switched on.
        version: Of this program.
    """
    plane = door.plane
    router = APIRouter(tags=["documents"])

    @router.get(
        "/",
        operation_id="get_landing",
        summary="List the versions of the API",
        response_class=V2JSONResponse,
        response_model=None,
        responses={
            200: {
                "model": schemas.Versions,
                "content": {"text/html": {"schema": {"type": "string"}}},
            }
        },
    )
    async def get_landing(request: Request) -> Response:
        """List the versions of the API; a page with links for browsers."""
        accept = request.headers.get("accept", "")
        wanted = choose_media_type(accept, ["application/json", "text/html"])
        vary = {"vary": "accept"}
        if wanted == "text/html":
            page = landing.landing_page(
                plane.descriptions(),
                root=landing.way_to_root(
                    unquote(request.scope["raw_path"]), base_path=door.base_path
                ),
                has_docs=api.doc_endpoint,
            )
            return HTMLResponse(page, headers={**vary, **_PAGE_HEADERS})
        document = landing.versions_document(
            base_path=door.base_path,
            has_docs=api.doc_endpoint,
            has_v1=bool(v1.models(plane)),
        )
        document["links"] += landing.ogc_links(
            root=door.root(request.scope),
            has_docs=api.doc_endpoint,
            has_jobs=door.has_jobs,
        )
        return V2JSONResponse(document, headers=vary)

    @router.get(
        "/openapi.json",
        operation_id="get_openapi",
        summary="Describe the API (OpenAPI 3.1)",
        response_class=JSONResponse,
        response_model=None,
        responses={200: {"model": dict[str, Any]}},
    )
    async def get_openapi() -> JSONResponse:
        """Describe the API (OpenAPI 3.1)."""
        ours = openapi.openapi_document(
            plane.descriptions(),
            version=version,
            base_path=door.base_path,
            enabled=_enabled(api),
        )
        control_plane = app.openapi()
        generic = {**openapi_jobs.generic_paths(_enabled(api)), **inference_paths()}
        ours["components"]["schemas"] |= inference_schemas()
        control_plane = {
            **control_plane,
            "paths": {**control_plane["paths"], **generic},
        }
        document = openapi.merge(control_plane, ours, base_path=door.base_path)
        return JSONResponse(document)

    @router.get(
        "/swagger.json",
        operation_id="get_swagger",
        summary="Describe the API for 2.x clients (Swagger 2.0)",
        response_class=V2JSONResponse,
    )
    async def get_swagger() -> dict[str, Any]:
        """Describe the 2.x routes (Swagger 2.0)."""
        return swagger.swagger_document(
            plane.descriptions(),
            base_path=door.base_path,
            version=version,
            enabled=_enabled(api),
            v1_roots=[edition.root for edition in v1.editions(api)],
        )

    if api.doc_endpoint:
        _add_pages(router)
    return router


_PAGE_HEADERS = {"content-security-policy": docs_page.CONTENT_SECURITY_POLICY}


def _enabled(api: ApiSettings) -> frozenset[str]:
    enabled = {"predict": api.predict_endpoint, "train": api.train_endpoint}
    return frozenset(name for name, is_on in enabled.items() if is_on) | {"validate"}


def _add_pages(router: APIRouter) -> None:
    @router.get(
        "/api",
        operation_id="get_docs",
        summary="Show the API as a page",
        response_class=HTMLResponse,
    )
    async def get_docs() -> HTMLResponse:
        """Show the API as a page where it can be tried."""
        return HTMLResponse(docs_page.docs_html(), headers=_PAGE_HEADERS)

    @router.get(
        "/ui",
        status_code=302,
        operation_id="get_ui",
        summary="Lead to the page",
        response_class=RedirectResponse,
    )
    async def get_ui() -> RedirectResponse:
        """Lead to the page."""
        return RedirectResponse(f"{root_path.get()}/api", status_code=302)

    @router.get("/static/swagger/{name}", include_in_schema=False)
    async def get_asset(request: Request, name: str) -> Response:
        """Send a file of the page."""
        found = docs_page.asset(name)
        if found is None:
            answer = problems.render_problem(
                problems.route_not_found(request.url.path),
                request_id=request.scope["deepaas.request_id"],
            )
            return Response(answer.body, answer.status, dict(_text(answer.headers)))
        content, media_type = found
        return Response(
            content,
            media_type=media_type,
            headers={"cache-control": "public, max-age=86400"},
        )


def _text(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers
    ]
