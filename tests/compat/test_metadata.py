"""What models say of themselves, and what is put around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.support.problems import problem

if TYPE_CHECKING:
    from tests.compat.workshop import StartServer

PROBE = {
    "id": "probe",
    "name": "Probe",
    "links": [{"rel": "self", "href": "/v2/models/probe"}],
    "author": "Ada",
    "author-email": "ada@example.org",
    "license": "MIT",
    "version": "1.2.3",
    "url": "http://example.org",
    "description": "A model that answers with its arguments",
    "extra": [1, {"deep": True}],
}


def metadata(http: httpx2.Client, model: str) -> dict[str, Any]:
    answer = http.get(f"/v2/models/{model}/")
    assert 200 == answer.status_code
    document: dict[str, Any] = answer.json()
    return document


def test_a_model_is_described_by_its_metadata(http: httpx2.Client) -> None:
    document = metadata(http, "probe")

    assert PROBE == {key: document.get(key) for key in PROBE}


def test_the_list_holds_the_same_documents(http: httpx2.Client) -> None:
    answer = http.get("/v2/models/")

    assert 200 == answer.status_code
    assert ["models"] == list(answer.json())
    [listed] = [one for one in answer.json()["models"] if one["id"] == "probe"]
    assert metadata(http, "probe").items() >= listed.items()


def test_every_model_is_listed_with_a_link_to_itself(http: httpx2.Client) -> None:
    links = [one["links"][0] for one in http.get("/v2/models/").json()["models"]]

    addresses = {link.get("href") for link in links}
    assert {"/v2/models/probe", "/v2/models/noargs"} <= addresses


def test_the_link_of_a_model_leads_to_it(http: httpx2.Client) -> None:
    link = metadata(http, "probe")["links"][0]["href"]

    answer = http.get(link, follow_redirects=True)

    assert "A model that answers with its arguments" == answer.json()["description"]


def test_a_models_own_keys_win(http: httpx2.Client) -> None:
    document = metadata(http, "meta_overriding")

    assert "Other name" == document["name"]
    assert [{"rel": "home"}] == document["links"]
    assert document["x"] is None


@pytest.mark.differs_from_26("the model's own id takes its place (defect 35)")
def test_the_id_is_always_the_name_in_the_address(http: httpx2.Client) -> None:
    assert "meta_overriding" == metadata(http, "meta_overriding")["id"]


@pytest.mark.parametrize(
    "model", ["noargs", "meta_unimplemented", "meta_attributeless", "instance"]
)
def test_a_model_without_metadata_has_a_name_and_a_link(
    http: httpx2.Client, model: str
) -> None:
    document = metadata(http, model)

    assert document["id"]
    assert document["name"]
    assert document["description"]
    assert [{"rel": "self", "href": f"/v2/models/{model}"}] == document["links"]


def test_metadata_is_asked_for_at_every_request(http: httpx2.Client) -> None:
    first = metadata(http, "meta_counting")["times"]

    assert first < metadata(http, "meta_counting")["times"]


def test_broken_metadata_is_an_error_of_this_model(start_server: StartServer) -> None:
    models = {
        "broken": "compat_models.metadata:broken",
        "probe": "compat_models.probe",
    }
    server = start_server(models=models)
    server.wait_until_ready()

    assert 500 == httpx2.get(f"{server.url}/v2/models/broken/").status_code
    assert 200 == httpx2.get(f"{server.url}/v2/models/probe/").status_code
    assert 200 == httpx2.post(f"{server.url}/v2/models/broken/predict/").status_code


@pytest.mark.differs_from_26("its errors are plain text without a message")
def test_broken_metadata_says_why(start_server: StartServer) -> None:
    server = start_server(models={"broken": "compat_models.metadata:broken"})
    server.wait_until_ready()

    document = problem(httpx2.get(f"{server.url}/v2/models/broken/"), status=500)

    assert "Author-email" in document["detail"]
