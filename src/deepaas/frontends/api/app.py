"""Declares all routes of a server, in one router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from deepaas import __version__, errors
from deepaas.frontends.api import (
    answers,
    documents,
    health,
    job_reports,
    problems,
    processes,
    trainings,
    v1,
    v2,
    versions,
)
from deepaas.frontends.api import jobs as job_routes
from deepaas.frontends.api.answers import CALLER_LEFT
from deepaas.frontends.api.body import BodyReader, CallerLeftError
from deepaas.frontends.api.edge import Edge
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.hosts import ANY_HOST, HostCheck
from deepaas.frontends.api.job_door import JobDoor
from deepaas.frontends.api.place import Place
from deepaas.frontends.api.predict import PredictEndpoint
from deepaas.frontends.openinference import rest
from deepaas.frontends.openinference.infer import InferEndpoint, versioned_inferences
from deepaas.frontends.openinference.service import OpenInference

if TYPE_CHECKING:
    from deepaas.backends.telemetry.logs import AccessLog, DebugBuffer
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.jobservice import JobService
    from deepaas.runtime.nojobs import NoJobs
    from deepaas.settings import Settings


def make_api(
    plane: DataPlane,
    *,
    settings: Settings,
    jobs: JobService | NoJobs,
    access_log: AccessLog | None = None,
    debug_buffer: DebugBuffer | None = None,
) -> Edge:
    """Return the ASGI application of a server.

    Args:
        plane: The models.
        settings: Of the server.
        jobs: The jobs, or why there are none.
        access_log: Gets a line for each request.
        debug_buffer: What the 2.x debug route shows, if it is switched on.
    """
    app = FastAPI(
        title="DEEPaaS",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problem_responses(400, 421),
    )
    _answer_errors(app, plane)
    door = make_door(plane, jobs=jobs, settings=settings)
    open_inference = OpenInference(door, settings=settings)
    is_enabled = settings.api.predict_endpoint
    for model in plane.pools:
        endpoints: dict[str, PredictEndpoint] = {
            f"/v2/models/{model}/predict/": PredictEndpoint(
                model, door=door, is_enabled=is_enabled
            ),
            f"/v2/models/{model}/infer": InferEndpoint(
                model, door=door, is_enabled=is_enabled
            ),
        }
        for path, endpoint in endpoints.items():
            app.router.routes.append(Route(path, endpoint, methods=["POST"]))
    app.include_router(
        v2.make_router(
            plane,
            debug_buffer=debug_buffer,
            open_inference=open_inference,
        )
    )
    app.include_router(rest.make_router(open_inference, door))
    app.router.routes.append(
        Route(
            "/v2/models/{model}/versions/{version}/infer",
            versioned_inferences(door, is_enabled=is_enabled, service=open_inference),
            methods=["POST"],
        )
    )
    app.include_router(
        trainings.make_router(door, is_train_enabled=settings.api.train_endpoint)
    )
    app.include_router(processes.make_router(door, api=settings.api))
    execution = processes.ExecutionEndpoint(door, api=settings.api)
    app.router.routes.append(
        Route("/processes/{process}/execution", execution, methods=["POST"])
    )
    v1.add_routes(app, door, api=settings.api)
    app.include_router(versions.make_router(door))
    versioned = versions.versioned_predictions(door, api=settings.api)
    app.router.routes.append(
        Route(
            "/v2/models/{model}/versions/{version}/predict/",
            versioned,
            methods=["POST"],
        )
    )
    app.include_router(job_routes.make_router(door))
    app.include_router(job_reports.make_router(door))
    app.include_router(health.make_router(plane, is_strict=settings.models.strict))
    app.include_router(
        documents.make_router(app, door, api=settings.api, version=__version__)
    )
    return Edge(
        app,
        place=Place(
            base_path=settings.server.base_path,
            prefix=settings.server.proxy_prefix,
            trusts_proxy=settings.server.trust_proxy,
        ),
        hosts=_host_check(settings),
        access_log=access_log,
    )


def make_door(
    plane: DataPlane, *, jobs: JobService | NoJobs, settings: Settings
) -> JobDoor:
    """Return what leads requests to models and jobs."""
    bodies = BodyReader(
        # pydantic's ByteSize is an int that msgspec refuses to encode.
        limit_bytes=int(settings.limits.body_bytes),
        inline_bytes=int(settings.limits.inline_body_bytes),
        make_folder=plane.make_folder,
        remove_folder=plane.remove_folder,
    )
    return JobDoor(jobs, plane=plane, bodies=bodies)


def _host_check(settings: Settings) -> HostCheck | None:
    server = settings.server
    if ANY_HOST in server.allowed_hosts:
        return None
    return HostCheck(listen_ip=server.listen_ip, allowed_hosts=server.allowed_hosts)


def _answer_errors(app: FastAPI, plane: DataPlane) -> None:
    """Have every error of the control plane answered by a problem document."""

    async def answer_deepaas_error(
        request: Request, error: errors.DeepaasError
    ) -> Response:
        return _render(request, error, kind=_kind(request, plane))

    async def answer_http_error(request: Request, error: HTTPException) -> Response:
        model = request.path_params.get("model")
        if model is not None and model not in plane.pools:
            problem = problems.problem_of(errors.ModelNotFoundError(model))
        elif error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "").split(", ")
            problem = problems.method_not_allowed(request.method, allowed=allowed)
        else:
            problem = problems.route_not_found(request.scope["path"])
        return _respond(request, problem)

    async def answer_nobody(_request: Request, _error: CallerLeftError) -> Response:
        return Response(status_code=CALLER_LEFT)

    async def answer_validation_error(
        request: Request, error: RequestValidationError
    ) -> Response:
        found = errors.InvalidInputError(
            errors=tuple(
                errors.FieldError(
                    pointer="".join(f"/{part}" for part in one["loc"][1:]),
                    detail=one["msg"],
                )
                for one in error.errors()
            )
        )
        return _render(request, found, kind="ogc")  # of the query: a bad request

    handlers: dict[Any, Any] = {
        errors.DeepaasError: answer_deepaas_error,
        CallerLeftError: answer_nobody,
        HTTPException: answer_http_error,
        RequestValidationError: answer_validation_error,
    }
    for error_class, handler in handlers.items():
        app.add_exception_handler(error_class, handler)


def _kind(request: Request, plane: DataPlane) -> str:
    """Return whose bodies an error has: a model's of 2.x, Open Inference's, or ours."""
    if rest.TAG in getattr(request.scope.get("route"), "tags", ()):
        return "inference"
    model = request.path_params.get("model")
    pool = plane.pools.get(model) if isinstance(model, str) else None
    description = pool.description if pool is not None else None
    return description.kind if description is not None else "native"


def _render(request: Request, error: errors.DeepaasError, *, kind: str) -> Response:
    answer = problems.render(
        error,
        request_id=request.scope["deepaas.request_id"],
        accept=request.headers.get("accept", ""),
        kind=kind,
    )
    is_last = isinstance(error, errors.BodyTooLargeError)
    return answers.problem_response(answer, is_last=is_last)


def _respond(request: Request, problem: problems.Problem) -> Response:
    answer = problems.render_problem(
        problem,
        request_id=request.scope["deepaas.request_id"],
        accept=request.headers.get("accept", ""),
    )
    return answers.problem_response(answer)
