"""`/v2` is shared by DEEPaaS 2.x and the Open Inference Protocol."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Match

from deepaas.frontends.api.app import make_api
from deepaas.model.job import AS_INSTALLED
from deepaas.runtime.dataplane import DataPlane
from deepaas.runtime.nojobs import NoJobs
from deepaas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.routing import Route

UUID = "0" * 32

OF_V2 = [
    ("GET", "/v2/"),
    ("GET", "/v2/debug/"),
    ("GET", "/v2/models/"),
    ("GET", "/v2/models/probe/"),
    ("POST", "/v2/models/probe/predict/"),
    ("GET", "/v2/models/probe/train/"),
    ("POST", "/v2/models/probe/train/"),
    ("GET", f"/v2/models/probe/train/{UUID}"),
    ("DELETE", f"/v2/models/probe/train/{UUID}"),
    ("POST", "/v2/models/probe/validate/"),
    ("POST", "/v2/models/probe/versions/1/predict/"),
    ("POST", "/v2/models/probe/versions/1/train/"),
    ("POST", "/v2/models/probe/versions/1/validate/"),
]
OF_OPEN_INFERENCE = [
    ("GET", "/v2"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/probe"),
    ("GET", "/v2/models/probe/ready"),
    ("POST", "/v2/models/probe/infer"),
    ("GET", "/v2/models/probe/versions/1"),
    ("GET", "/v2/models/probe/versions/1/ready"),
    ("POST", "/v2/models/probe/versions/1/infer"),
    ("POST", "/v2/repository/index"),
    ("POST", "/v2/repository/models/probe/load"),
    ("POST", "/v2/repository/models/probe/unload"),
]


def make_edge() -> Any:
    plane = DataPlane(
        {"probe": AS_INSTALLED},
        make_pool=lambda model, version: SimpleNamespace(name=model, version=version),  # type: ignore[arg-type, return-value]
        deadline_s=0,
        spool_dir="",
    )
    return make_api(plane, settings=Settings(), jobs=NoJobs())


def routes(edge: Any) -> list[Route]:
    return [one for one in _all(edge._app.router) if one.path.startswith("/v2")]


def _all(router: Any) -> Iterator[Route]:
    for one in router.routes:
        if hasattr(one, "original_router"):  # FastAPI keeps included routers whole
            yield from _all(one.original_router)
        else:
            yield one


def template(route: Route) -> str:
    """Return the path that a route claims, whatever it calls the parts of it."""
    return re.sub(r"{[^}]*}", "{}", route.path.replace("/probe/", "/{model}/"))


@pytest.mark.parametrize(("method", "path"), [*OF_V2, *OF_OPEN_INFERENCE])
def test_no_path_is_claimed_twice(method: str, path: str) -> None:
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}

    claims = {
        template(one)
        for one in routes(make_edge())
        if one.matches(scope)[0] is Match.FULL
    }

    assert 1 == len(claims)


def test_no_two_routes_have_the_same_path_and_method() -> None:
    claimed = Counter(
        (method, one.path)
        for one in routes(make_edge())
        for method in (one.methods or ())
    )

    assert [] == [one for one, count in claimed.items() if count > 1]


@pytest.mark.parametrize(("method", "path"), [*OF_V2, *OF_OPEN_INFERENCE])
def test_no_path_of_either_is_redirected(method: str, path: str) -> None:
    del method

    assert "" == make_edge()._v2_location(path)


def test_the_slash_decides() -> None:
    assert all(path.endswith("/") or UUID in path for _, path in OF_V2)
    assert not any(path.endswith("/") for _, path in OF_OPEN_INFERENCE)
