"""Addresses, methods, redirects and the errors of the framework."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.support.problems import problem

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

UUID = "0" * 32
SELF = {"rel": "self", "type": "application/json", "href": "/v2/"}
VERSION = {"version": "stable", "id": "v2", "links": [SELF]}


def allowed(answer: httpx2.Response) -> set[str]:
    return {method.strip() for method in answer.headers["allow"].split(",")}


def test_the_root_lists_versions_and_documents(http: httpx2.Client) -> None:
    answer = http.get("/")

    assert 200 == answer.status_code
    assert answer.headers["content-type"].startswith("application/json")
    document = answer.json()
    assert VERSION == document["versions"][0]
    assert {"rel": "help", "type": "text/html", "href": "/api"} in document["links"]
    describedby = {
        "rel": "describedby",
        "type": "application/json",
        "href": "/swagger.json",
    }
    assert describedby in document["links"]


def test_the_version_document_is_at_v2(http: httpx2.Client) -> None:
    answer = http.get("/v2/")

    assert 200 == answer.status_code
    assert VERSION.items() <= answer.json().items()


@pytest.mark.parametrize("path", ["/", "/v2/", "/v2/models/", "/v2/models/probe/"])
def test_json_says_its_charset(http: httpx2.Client, path: str) -> None:
    assert "application/json; charset=utf-8" == http.get(path).headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/v2/models", "/v2/models/"),
        ("GET", "/v2/models?x=1&y=a%20b", "/v2/models/?x=1&y=a%20b"),
        ("GET", "/v2/models/probe/train", "/v2/models/probe/train/"),
        ("GET", "/v2/debug", "/v2/debug/"),
        ("POST", "/v2/models/probe/predict", "/v2/models/probe/predict/"),
        ("POST", "/v2/models/probe/predict?x=1", "/v2/models/probe/predict/?x=1"),
        ("POST", "/v2/models/probe/train", "/v2/models/probe/train/"),
        ("GET", "//v2//models/", "/v2/models/"),
        ("GET", "//v2//models", "/v2/models/"),
        ("GET", "/v2//", "/v2/"),
        ("GET", "//v2", "/v2"),
        ("GET", "/v2//models/probe", "/v2/models/probe"),
        ("GET", "//", "/"),
        ("GET", "//ui", "/ui"),
        ("GET", "//swagger.json", "/swagger.json"),
        ("GET", "/v2/models//probe/?a=1", "/v2/models/probe/?a=1"),
        ("POST", "/v2//models/probe/predict/", "/v2/models/probe/predict/"),
        (
            "GET",
            f"/v2/models/probe//train/{UUID}",
            f"/v2/models/probe/train/{UUID}",
        ),
    ],
)
def test_slashes_are_mended_by_a_redirect(
    server: ServerProcess, method: str, path: str, location: str
) -> None:
    # http.client sends the path as it is; other clients mend it themselves.
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))

    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    connection.close()

    assert 308 == answer.status
    assert location == answer.headers["location"]


def test_a_redirected_post_keeps_its_body(server: ServerProcess) -> None:
    with httpx2.Client(base_url=server.url, follow_redirects=True) as client:
        answer = client.post("/v2/models/probe/predict", json={"text": "kept"})

    assert 200 == answer.status_code
    assert "kept" == answer.json()["predictions"]["text"]


@pytest.mark.parametrize(
    "path",
    [
        "/ui/",
        "/api/",
        "/swagger.json/",
        f"/v2/models/probe/train/{UUID}/",
        "/nowhere",
        "/nowhere/",
        "/v2/nowhere",
        "/v2/nowhere/",
        "/v2/models/nobody/",
        "/v2/models/nobody/train/",
        f"/v2/models/nobody/train/{UUID}",
        f"/v2/models/probe/train/{UUID}",
        "/v2/models/probe/nothing/",
        "/v3/",
        "/v1/",
        "/v1/models",
        "/models/",
    ],
)
def test_nothing_is_there(http: httpx2.Client, path: str) -> None:
    assert 404 == http.get(path).status_code


def test_an_unknown_model_cannot_predict(http: httpx2.Client) -> None:
    assert 404 == http.post("/v2/models/nobody/predict/").status_code


def test_a_training_with_dashes_in_its_id_is_not_found(http: httpx2.Client) -> None:
    answer = http.get("/v2/models/probe/train/12345678-1234-5678-1234-567812345678")

    assert 404 == answer.status_code


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/", {"GET"}),
        ("/v2/", {"GET"}),
        ("/v2/models/", {"GET"}),
        ("/v2/models/probe/", {"GET"}),
        ("/v2/models/probe/predict/", {"POST"}),
        ("/v2/models/probe/train/", {"GET", "POST"}),
        ("/v2/debug/", {"GET"}),
        ("/swagger.json", {"GET"}),
        ("/api", {"GET"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    http: httpx2.Client, method: str, path: str, allow: set[str]
) -> None:
    answer = http.request(method, path)

    assert 405 == answer.status_code
    assert allow == allowed(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS"])
def test_a_training_can_be_read_and_deleted(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, f"/v2/models/probe/train/{UUID}")

    assert 405 == answer.status_code
    assert {"GET", "DELETE"} == allowed(answer)


def test_predict_cannot_be_got(http: httpx2.Client) -> None:
    answer = http.get("/v2/models/probe/predict/")

    assert 405 == answer.status_code
    assert {"POST"} == allowed(answer)


def test_an_unknown_address_has_no_methods(http: httpx2.Client) -> None:
    assert 404 == http.options("/nowhere").status_code
    assert 404 == http.put("/v2/models/nobody/predict/").status_code


def test_ui_leads_to_the_documentation(http: httpx2.Client) -> None:
    answer = http.get("/ui")

    assert 302 == answer.status_code
    assert "/api" == answer.headers["location"]


def test_the_documentation_is_a_page(http: httpx2.Client) -> None:
    answer = http.get("/api")

    assert 200 == answer.status_code
    assert answer.headers["content-type"].startswith("text/html")
    assert "swagger" in answer.text.lower()


def test_debug_has_nothing_to_say(http: httpx2.Client) -> None:
    answer = http.get("/v2/debug/")

    assert 204 == answer.status_code
    assert b"" == answer.content


@pytest.mark.differs_from_26("its framework errors are plain text")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v2/models/nobody/", 404),
        ("POST", "/v2/models/nobody/predict/", 404),
        ("GET", f"/v2/models/probe/train/{UUID}", 404),
        ("GET", "/v2/models/probe/predict/", 405),
        ("DELETE", "/v2/", 405),
        ("POST", "/v2/models/train_only/predict/?number=1", 501),
        ("POST", "/v2/models/noargs/train/", 501),
    ],
)
def test_framework_errors_are_problem_documents(
    http: httpx2.Client, method: str, path: str, status: int
) -> None:
    problem(http.request(method, path), status=status)


@pytest.mark.differs_from_26("its framework errors are plain text")
def test_a_client_that_names_json_gets_the_problem_as_json(
    http: httpx2.Client,
) -> None:
    answer = http.get("/nowhere", headers={"accept": "application/json"})

    assert 404 == answer.status_code
    assert "application/json" == answer.headers["content-type"]
    assert answer.json()["message"]
