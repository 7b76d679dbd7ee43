"""Servers of 2.x models, each started once.

Every test here asks what DEEPaaS 2.6.0 can be asked too:

    DEEPAAS_COMPAT_COMMAND=/path/to/2.6.0/bin pytest tests/compat

puts the questions to that version, which proves the tests. Where we differ on purpose,
the test is marked `differs_from_26` with the reason, and is skipped there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.compat.workshop import IS_ORACLE, MODELS, Predict, StartServer, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.server import ServerProcess


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "differs_from_26(reason): 2.6.0 does something else here"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    mark = item.get_closest_marker("differs_from_26")
    if mark and IS_ORACLE:
        pytest.skip(f"differs from 2.6: {mark.args[0]}")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def start_server(workshop: Workshop) -> Iterator[StartServer]:
    """Start servers for one test; they are ended with it."""
    started: list[ServerProcess] = []

    def start(*options: str | Path, **arguments: Any) -> ServerProcess:
        server = workshop.start(*options, **arguments)
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="session")
def server(workshop: Workshop) -> Iterator[ServerProcess]:
    """A server with all models that can be served, started without options."""
    running = workshop.start(
        models=MODELS, environment={"COMPAT_VARIABLE": "of the server"}
    )
    try:
        running.wait_until_ready()
        yield running
        assert 0 == running.stop()
    finally:
        running.kill()


@pytest.fixture(scope="session")
def http(server: ServerProcess) -> Iterator[httpx2.Client]:
    """A plain client of `server` that follows no redirects."""
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def predict(http: httpx2.Client) -> Predict:
    """Call `predict` of a model: `predict("probe", params={...})`."""

    def call(model: str, **request: Any) -> httpx2.Response:
        return http.post(f"/v2/models/{model}/predict/", **request)

    return call
