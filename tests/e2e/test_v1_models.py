"""Models of 2018 and 2019 at the addresses of their time, and at ours.

What 0.5.1 and 1.3.0 answered to the same requests was looked up at these versions.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.support.distributions import python_path, write_distribution
from tests.support.problems import problem
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = Path(__file__).parent / "models"
COMMANDS = Path(sys.executable).parent

OF_1X = "/v1/models"
OF_05 = "/models"
EITHER = "You must provide either 'url' or 'data' in the payload"
PHOTO = {"data": ("rose.txt", b"a rose", "text/x-plant")}
URLS = {"url": ["http://a.example/1", "http://a.example/2"]}

both = pytest.mark.parametrize("root", [OF_1X, OF_05])


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of a server with V1 models, as entry points, and a native one."""
    installed = write_distribution(
        tmp_path_factory.mktemp("installed"),
        "old-models",
        {
            "deepaas.model": {
                "plants": "plants_2019",
                "early": "plants_2018",
                "klass": "plants_class:Plants",
                "tiles": "tiles_flask",
                "native": "waiting",
            }
        },
    )
    port = free_port()
    server = ServerProcess(
        [COMMANDS / "deepaas-run", "--enable-v1", "--listen-port", str(port)],
        port=port,
        folder=tmp_path_factory.mktemp("server"),
        environment={"PYTHONPATH": python_path(installed, MODELS / "v1", MODELS)},
    )
    try:
        server.wait_until_ready()
        with httpx2.Client(base_url=server.url, timeout=30) as client:
            yield client
        assert 0 == server.stop()
    finally:
        server.kill()


def predict(
    http: httpx2.Client, root: str, model: str = "plants", **request: Any
) -> httpx2.Response:
    return http.post(f"{root}/{model}/predict", **request)


# ------------------------------------------------------------------ descriptions


def test_version_1_is_listed_before_version_2(http: httpx2.Client) -> None:
    version = {
        "version": "deprecated",
        "id": "v1",
        "links": [{"rel": "self", "type": "application/json", "href": "/v1/"}],
    }

    assert version == http.get("/v1/").json()
    first, second = http.get("/").json()["versions"]
    assert version == first
    assert second.items() <= http.get("/v2/").json().items()


@pytest.mark.parametrize(
    ("path", "location"), [("/v1", "/v1/"), ("/models", "/models/")]
)
def test_a_missing_slash_is_added_where_it_was_then(
    http: httpx2.Client, path: str, location: str
) -> None:
    answer = http.get(path)

    assert (308, location) == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/",
        "/v1/models/plants/",
        "/models/plants/",
        "/v1/models/nobody",
        "/models/nobody",
        "/v1/models/native",
        "/models/native",
        "/v1/nothing",
    ],
)
def test_nothing_else_is_there(http: httpx2.Client, path: str) -> None:
    problem(http.get(path), status=404)


@pytest.mark.parametrize(("root", "path"), [(OF_1X, OF_1X), (OF_05, f"{OF_05}/")])
def test_v1_models_are_listed(http: httpx2.Client, root: str, path: str) -> None:
    listed = {one["id"]: one for one in http.get(path).json()["models"]}

    assert {"plants", "early", "klass", "tiles"} == set(listed)
    assert http.get(f"{root}/plants").json() == listed["plants"]
    assert {
        "id": "plants",
        "name": "Plants of 2019",
        "links": [{"rel": "self", "href": f"{root}/plants"}],
        "Name": "Plants",
        "Version": "0.5",
        "Author": "Grace",
    } == listed["plants"]


def test_the_swagger_document_has_the_addresses_of_their_time(
    http: httpx2.Client,
) -> None:
    paths = http.get("/swagger.json").json()["paths"]

    for root in (OF_1X, OF_05):
        assert ["get"] == list(paths[f"{root}/plants"])
        assert ["put"] == list(paths[f"{root}/plants/train"])
        assert "200" in paths[f"{root}/plants/train"]["put"]["responses"]
        parameters = paths[f"{root}/plants/predict"]["post"]["parameters"]
        assert ["data", "url", "top", "network", "do"] == [
            one["name"] for one in parameters
        ]
    assert f"{OF_1X}/native" not in paths


# ------------------------------------------------------------------- predictions


@both
def test_a_file_goes_to_predict_data(http: httpx2.Client, root: str) -> None:
    answer = predict(http, root, files=PHOTO, data={"top": "2"})

    assert 200 == answer.status_code
    assert "application/json; charset=utf-8" == answer.headers["content-type"]
    assert {
        "status": "ok",
        "predictions": ["rosa", "lilium"],
        "network": "Resnet50",
        "file": ["rose.txt", "text/x-plant", "a rose"],
        "arguments": ["do", "files", "network", "top", "urls"],
        "urls": None,
    } == answer.json()


@both
@pytest.mark.parametrize(
    "request_",
    [{"data": URLS}, {"params": URLS}, {"json": URLS}],
    ids=["form", "query", "json"],
)
def test_addresses_go_to_predict_url_and_nobody_opens_them(
    http: httpx2.Client, root: str, request_: dict[str, Any]
) -> None:
    answer = predict(http, root, **request_)

    assert {"urls": URLS["url"], "files": None, "top": "1"} == answer.json()


@both
@pytest.mark.parametrize(
    ("do", "body"), [("text", '"plain"'), ("nothing", "null")], ids=["text", "nothing"]
)
def test_what_the_model_returns_is_the_body(
    http: httpx2.Client, root: str, do: str, body: str
) -> None:
    assert body == predict(http, root, files=PHOTO, data={"do": do}).text


@both
def test_the_name_of_a_file_has_no_folders(http: httpx2.Client, root: str) -> None:
    answer = predict(http, root, files={"data": ("../../etc/x.png", b"", "image/png")})

    assert "x.png" == answer.json()["file"][0]


NEITHER_OR_BOTH: dict[str, dict[str, Any]] = {
    "neither": {},
    "both": {"files": PHOTO, "data": URLS},
    "an empty address": {"data": {"url": ""}},
}


@pytest.mark.parametrize(
    "request_", NEITHER_OR_BOTH.values(), ids=NEITHER_OR_BOTH.keys()
)
def test_one_of_data_and_url_is_needed(
    http: httpx2.Client, request_: dict[str, Any]
) -> None:
    in_1x = predict(http, OF_1X, **request_)
    in_05 = predict(http, OF_05, **request_)
    native = http.post("/v2/models/plants/predict/", **request_)

    assert (400, f"400: {EITHER}") == (in_1x.status_code, in_1x.text)
    assert "text/plain; charset=utf-8" == in_1x.headers["content-type"]
    assert (400, {"message": EITHER}) == (in_05.status_code, in_05.json())
    assert EITHER == problem(native, status=400)["detail"]


def test_a_text_is_no_file(http: httpx2.Client) -> None:
    answer = predict(http, OF_05, data={"data": "rose.txt"})

    assert 400 == answer.status_code
    assert answer.json()["message"].startswith(f"{EITHER}, 'data' as a file")


def test_a_wrong_argument_is_told_in_the_words_of_the_time(http: httpx2.Client) -> None:
    request: Any = {"files": PHOTO, "data": {"network": "AlexNet"}}

    in_1x = predict(http, OF_1X, **request)
    in_05 = predict(http, OF_05, **request)

    assert (422, {"network": ["Must be one of: Resnet50, VGG16."]}) == (
        in_1x.status_code,
        in_1x.json(),
    )
    assert 400 == in_05.status_code
    assert {
        "errors": {"network": "Which network Must be one of: Resnet50, VGG16."},
        "message": "Input payload validation failed",
    } == in_05.json()


def test_arguments_are_texts(http: httpx2.Client) -> None:
    answer = predict(http, OF_1X, json={**URLS, "top": 3})

    assert (422, {"top": ["Not a valid string."]}) == (
        answer.status_code,
        answer.json(),
    )


def test_a_body_that_is_no_json_is_refused(http: httpx2.Client) -> None:
    request: dict[str, Any] = {
        "content": b'{"url"',
        "headers": {"content-type": "application/json"},
    }

    in_1x = predict(http, OF_1X, **request)
    in_05 = predict(http, OF_05, **request)

    assert (400, {"json": ["Invalid JSON body."]}) == (in_1x.status_code, in_1x.json())
    assert (400, ["message"]) == (in_05.status_code, list(in_05.json()))


@both
def test_a_failure_of_the_model_has_its_message(http: httpx2.Client, root: str) -> None:
    answer = predict(http, root, files=PHOTO, data={"do": "fail"})

    assert "too dark" == problem(answer, status=500)["message"]


@both
def test_what_a_model_does_not_do_is_not_implemented(
    http: httpx2.Client, root: str
) -> None:
    raised = predict(http, root, files=PHOTO, data={"do": "refuse"})
    absent = predict(http, root, "klass", data=URLS)
    training = http.put(f"{root}/klass/train")

    assert (
        "Model does not implement this functionality"
        == problem(raised, status=501)["message"]
    )
    for answer in (absent, training):
        assert (
            "Not implemented by underlying model (loaded 'klass')"
            == problem(answer, status=501)["message"]
        )


@both
def test_unknown_and_newer_models_do_not_predict_here(
    http: httpx2.Client, root: str
) -> None:
    problem(predict(http, root, "nobody"), status=404)
    problem(predict(http, root, "native"), status=404)
    problem(http.put(f"{root}/nobody/train"), status=404)
    problem(http.put(f"{root}/native/train"), status=404)


@both
def test_methods_are_those_of_their_time(http: httpx2.Client, root: str) -> None:
    for method, operation, allowed in [
        ("GET", "predict", "POST"),
        ("PUT", "predict", "POST"),
        ("POST", "train", "PUT"),
        ("GET", "train", "PUT"),
    ]:
        answer = http.request(method, f"{root}/plants/{operation}")
        problem(answer, status=405)
        assert allowed == answer.headers["allow"]


# ------------------------------------------------------------- ways of that time


def test_a_model_of_2018_gets_a_list_of_contents(http: httpx2.Client) -> None:
    answer = predict(http, OF_1X, "early", files=PHOTO)

    assert {"sizes": [6], "first": "a rose", "merge": True} == answer.json()


def test_a_model_of_2018_gets_a_list_of_addresses(http: httpx2.Client) -> None:
    answer = predict(http, OF_1X, "early", data=URLS)

    assert {"urls": URLS["url"], "merge": True} == answer.json()


def test_a_class_is_made_once_and_gets_the_dict_of_05(
    http: httpx2.Client,
) -> None:
    first, second = (
        predict(http, OF_1X, "klass", files=PHOTO).json() for _ in range(2)
    )

    assert [1, {}, "2", "rose.txt", "text/x-plant", "a rose"] == first
    assert 2 == second[0]


def test_a_response_of_flask_is_sent_as_it_is(http: httpx2.Client) -> None:
    answer = predict(http, OF_05, "tiles", files={"data": ("a.png", b"\x89PNG")})

    assert b"\x89PNG" == answer.content
    assert "image/png" == answer.headers["content-type"]
    assert "r%C3%A9sultat.png" in answer.headers["content-disposition"]


def test_an_exception_of_werkzeug_has_its_status(http: httpx2.Client) -> None:
    request: Any = {"files": PHOTO, "data": {"format": "gif"}}
    said = "Tile format error: only png and tif"

    in_1x = predict(http, OF_1X, "tiles", **request)
    in_05 = predict(http, OF_05, "tiles", **request)
    native = http.post("/v2/models/tiles/predict/", **request)

    assert (400, f"400: {said}") == (in_1x.status_code, in_1x.text)
    assert (400, {"message": said}) == (in_05.status_code, in_05.json())
    assert said == problem(native, status=400)["detail"]


# --------------------------------------------------------------------- trainings


@both
def test_put_trains_and_answers_when_that_is_over(
    http: httpx2.Client, root: str
) -> None:
    answer = http.put(f"{root}/plants/train", data={"lr": "0.1"})

    assert (200, {"lr": 0.1, "epochs": "3"}) == (answer.status_code, answer.json())
    found = re.search("<(/jobs/[^>]+)>", answer.headers["link"])
    assert found is not None
    assert "successful" == http.get(found[1]).json()["status"]
    assert "trained at 0.1" in http.get(f"{found[1]}/log").text


def test_a_training_without_a_required_argument_is_refused(
    http: httpx2.Client,
) -> None:
    in_1x = http.put(f"{OF_1X}/plants/train")
    in_05 = http.put(f"{OF_05}/plants/train")

    assert (422, {"lr": ["Missing data for required field."]}) == (
        in_1x.status_code,
        in_1x.json(),
    )
    assert 400 == in_05.status_code
    assert {
        "errors": {
            "lr": "Learning rate Missing required parameter in the JSON body or the "
            "post body or the query string"
        },
        "message": "Input payload validation failed",
    } == in_05.json()


@both
def test_a_training_that_fails_is_told(http: httpx2.Client, root: str) -> None:
    answer = http.put(f"{root}/plants/train", data={"lr": "steep"})

    assert "it diverges" == problem(answer, status=500)["message"]
    found = re.search("<(/jobs/[^>]+)>", answer.headers["link"])
    assert found is not None
    assert "failed" == http.get(found[1]).json()["status"]


# -------------------------------------------------------------------- our routes


def test_the_prediction_address_of_all_models_is_theirs_too(
    http: httpx2.Client,
) -> None:
    answer = http.post("/v2/models/plants/predict/", files=PHOTO)
    wrong = http.post(
        "/v2/models/plants/predict/", files=PHOTO, data={"network": "AlexNet"}
    )

    assert ["rosa"] == answer.json()["predictions"]
    [error] = problem(wrong, status=422)["errors"]
    assert "#/network" == error["pointer"]


def test_a_process_takes_the_file_within_json(http: httpx2.Client) -> None:
    file = {"value": "YSByb3Nl", "mediaType": "text/plain", "filename": "rose.txt"}

    answer = http.post(
        "/processes/plants.predict/execution", json={"inputs": {"data": file}}
    )

    assert ["rose.txt", "text/plain", "a rose"] == answer.json()["file"]


def test_a_training_is_a_job(http: httpx2.Client) -> None:
    accepted = http.post("/v2/models/plants/train/", data={"lr": "0.5"})
    training = accepted.json()
    job = f"/jobs/{training['uuid']}"

    ended = http.get(job, headers={"prefer": "wait=30"}).json()

    assert {"lr": "0.5", "epochs": "3"} == training["args"]
    assert "successful" == ended["status"]
    assert {"lr": 0.5, "epochs": "3"} == http.get(f"{job}/results?f=raw").json()


def test_versions_are_beside_the_addresses_of_05(http: httpx2.Client) -> None:
    assert "plants" == http.get("/models/plants/versions").json()["model"]


# ---------------------------------------------------------------------- switches


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of a server with a V1 model, and all else switched off."""
    port = free_port()
    server = ServerProcess(
        [
            *(COMMANDS / "deepaas", "serve", MODELS / "v1" / "plants_2019.py"),
            *("--listen-port", str(port), "--base-path", "/a/b"),
            *("--no-predict-endpoint", "--no-train-endpoint"),
        ],
        port=port,
        folder=tmp_path_factory.mktemp("closed"),
    )
    try:
        server.wait_until_ready("/a/b/readyz")
        with httpx2.Client(base_url=f"{server.url}/a/b", timeout=30) as client:
            yield client
        assert 0 == server.stop()
    finally:
        server.kill()


def test_the_addresses_of_05_have_to_be_asked_for(closed: httpx2.Client) -> None:
    assert 200 == closed.get("/v1/models").status_code
    problem(closed.get("/models/"), status=404)
    problem(closed.post("/models/plants_2019/predict"), status=404)


def test_links_and_redirects_are_below_the_base_path(closed: httpx2.Client) -> None:
    [model] = closed.get("/v1/models").json()["models"]

    assert "/a/b/v1/models/plants_2019" == model["links"][0]["href"]
    assert "/a/b/v1/" == closed.get("/v1/").json()["links"][0]["href"]
    assert "/a/b/v1/" == closed.get("/v1").headers["location"]


def test_what_is_switched_off_must_be_paid_for(closed: httpx2.Client) -> None:
    problem(closed.post("/v1/models/plants_2019/predict", data=URLS), status=402)
    problem(closed.put("/v1/models/plants_2019/train"), status=402)
