"""Servers with endpoints switched off, below a base path, with a limit on bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.support.problems import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compat.workshop import StartServer, Workshop

PROBE = {"probe": "compat_models.probe"}
TRAIN = "/v2/models/probe/train/"
PREDICT = "/v2/models/probe/predict/"
TRAINING = f"{TRAIN}{'0' * 32}"


def client_of(
    workshop: Workshop, *options: str, ready: str = "/v2/"
) -> Iterator[httpx2.Client]:
    server = workshop.start(
        *options, models={**PROBE, "warmed": "compat_models.warmed"}
    )
    try:
        server.wait_until_ready(ready)
        with httpx2.Client(base_url=server.url, timeout=30) as client:
            yield client
        assert 0 == server.stop()
    finally:
        server.kill()


@pytest.fixture(scope="module")
def closed(workshop: Workshop) -> Iterator[httpx2.Client]:
    """All that can be switched off is off."""
    yield from client_of(
        workshop,
        "--notrain-endpoint",
        "--nopredict-endpoint",
        "--nodoc-endpoint",
    )


@pytest.fixture(scope="module")
def debugged(workshop: Workshop) -> Iterator[httpx2.Client]:
    yield from client_of(workshop, "--debug-endpoint")


@pytest.fixture(scope="module", params=["/a/b", "/a/b/"], ids=["bare", "slash"])
def based(
    workshop: Workshop, request: pytest.FixtureRequest
) -> Iterator[httpx2.Client]:
    yield from client_of(workshop, "--base-path", request.param, ready="/a/b/v2/")


# -------------------------------------------------------------- switched off


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PREDICT),
        ("POST", TRAIN),
        ("GET", TRAIN),
        ("GET", TRAINING),
        ("DELETE", TRAINING),
    ],
)
def test_what_is_switched_off_must_be_paid_for(
    closed: httpx2.Client, method: str, path: str
) -> None:
    assert 402 == closed.request(method, path).status_code


@pytest.mark.differs_from_26("its framework errors are plain text")
@pytest.mark.parametrize(("method", "path"), [("POST", PREDICT), ("GET", TRAINING)])
def test_a_switched_off_endpoint_says_so(
    closed: httpx2.Client, method: str, path: str
) -> None:
    document = problem(closed.request(method, path), status=402)

    assert "switched off" in document["detail"]


@pytest.mark.parametrize(("method", "path"), [("GET", PREDICT), ("PUT", TRAIN)])
def test_a_wrong_method_stays_wrong(
    closed: httpx2.Client, method: str, path: str
) -> None:
    assert 405 == closed.request(method, path).status_code


def test_what_is_switched_off_is_not_in_the_document(closed: httpx2.Client) -> None:
    paths = closed.get("/swagger.json").json()["paths"]

    assert [] == [path for path in paths if "predict" in path or "train" in path]
    assert "/v2/models/probe/" in paths


def test_without_documentation_the_page_is_gone_and_the_document_stays(
    closed: httpx2.Client,
) -> None:
    assert 404 == closed.get("/api").status_code
    assert 200 == closed.get("/swagger.json").status_code


def test_without_documentation_the_root_does_not_link_to_it(
    closed: httpx2.Client,
) -> None:
    assert "help" not in [one["rel"] for one in closed.get("/").json()["links"]]


@pytest.mark.differs_from_26("it fails with 500 (defect 30)")
def test_without_documentation_ui_leads_nowhere(closed: httpx2.Client) -> None:
    assert 404 == closed.get("/ui", follow_redirects=True).status_code


def test_metadata_stay(closed: httpx2.Client) -> None:
    assert 200 == closed.get("/v2/models/probe/").status_code
    assert 200 == closed.get("/v2/models/").status_code


# ---------------------------------------------------------------------- debug


def test_the_debug_endpoint_is_text_with_a_marker(debugged: httpx2.Client) -> None:
    answer = debugged.get("/v2/debug/")

    assert 200 == answer.status_code
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    assert "--- DEBUG MARKER " in answer.text


@pytest.mark.differs_from_26("it shows only what the server process prints (defect 31)")
def test_the_debug_endpoint_shows_what_the_model_prints(
    debugged: httpx2.Client,
) -> None:
    debugged.post("/v2/models/warmed/predict/", params={"say": "look at me"})

    # The line reaches the server by another way than the answer.
    texts = (debugged.get("/v2/debug/").text for _ in range(200))
    assert any("look at me" in text for text in texts)


# ------------------------------------------------------------------ base path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/v2/", 404),
        ("/a", 404),
        ("/a/b", 200),
        ("/a/b/v2/", 200),
        ("/a/b/v2/models/", 200),
        ("/a/b/v2/models/probe/", 200),
        ("/a/b/api", 200),
        ("/a/b/swagger.json", 200),
        ("/a/b/v2/debug/", 204),
        ("/a/b/v2/nowhere", 404),
    ],
)
def test_everything_is_below_the_base_path(
    based: httpx2.Client, path: str, status: int
) -> None:
    assert status == based.get(path).status_code


@pytest.mark.differs_from_26("it is 404 there (defect 32)")
def test_the_base_path_with_a_final_slash_is_the_root(based: httpx2.Client) -> None:
    answer = based.get("/a/b/", follow_redirects=True)

    assert 200 == answer.status_code
    assert "versions" in answer.json()


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/a/b/v2/models", 308, "/a/b/v2/models/"),
        ("POST", f"/a/b{PREDICT[:-1]}?x=1", 308, f"/a/b{PREDICT}?x=1"),
        ("GET", "/a/b/ui", 302, "/a/b/api"),
    ],
)
def test_redirects_stay_below_the_base_path(
    based: httpx2.Client, method: str, path: str, status: int, location: str
) -> None:
    answer = based.request(method, path)

    assert status == answer.status_code
    assert location == answer.headers["location"]


def test_links_carry_the_base_path(based: httpx2.Client) -> None:
    root = based.get("/a/b").json()
    [probe, _] = based.get("/a/b/v2/models/").json()["models"]

    assert "/a/b/v2/" == root["versions"][0]["links"][0]["href"]
    links = {one["rel"]: one["href"] for one in root["links"]}
    assert "/a/b/api" == links["help"]
    assert "/a/b/swagger.json" == links["describedby"]
    assert "/a/b/v2/models/probe" == probe["links"][0]["href"]


def test_the_document_carries_the_base_path(based: httpx2.Client) -> None:
    document = based.get("/a/b/swagger.json").json()

    assert f"/a/b{PREDICT}" in document["paths"]
    assert "basePath" not in document


def test_predictions_are_below_the_base_path(based: httpx2.Client) -> None:
    answer = based.post(f"/a/b{PREDICT}", json={"text": "deep"})

    assert "deep" == answer.json()["predictions"]["text"]


# ---------------------------------------------------------------------- limit


def test_a_body_over_the_limit_is_too_large(start_server: StartServer) -> None:
    server = start_server("--client-max-size", "1000", models=PROBE)
    server.wait_until_ready()

    fits = httpx2.post(server.url + PREDICT, json={"text": "x" * 900})
    does_not = httpx2.post(server.url + PREDICT, json={"text": "x" * 1100})

    assert 200 == fits.status_code
    assert 413 == does_not.status_code
    assert "1000" in does_not.text


def test_without_a_limit_a_body_of_megabytes_is_read(http: httpx2.Client) -> None:
    answer = http.post(PREDICT, json={"text": "x" * 3_000_000})

    assert 3_000_000 == len(answer.json()["predictions"]["text"])
