"""Trainings over HTTP: what 2.6 does, and the truth where it was wrong."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

import httpx2
import pytest
from tests.support.problems import problem
from tests.support.server import POLL_S

TRAINER = "/v2/models/trainer/train/"


def train(http: httpx2.Client, **arguments: Any) -> dict[str, Any]:
    answer = http.post(TRAINER, params=arguments)
    assert 200 == answer.status_code, answer.text
    document: dict[str, Any] = answer.json()
    return document


def show(http: httpx2.Client, uuid: str) -> httpx2.Response:
    return http.get(f"{TRAINER}{uuid}")


def wait(http: httpx2.Client, uuid: str) -> dict[str, Any]:
    """Poll as published clients do."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        document: dict[str, Any] = show(http, uuid).json()
        if document["status"] != "running":
            return document
        time.sleep(POLL_S)  # noqa: TID251 - a client of 2.x has no other way
    raise AssertionError(f"{uuid} does not end")


def test_a_training_is_told_of_when_it_starts(http: httpx2.Client) -> None:
    started = train(http, epochs=3)

    assert {"date", "args", "uuid", "status"} <= set(started)
    assert re.fullmatch("[0-9a-f]{32}", started["uuid"])
    assert "running" == started["status"]
    assert ("ok", 3, None) == tuple(
        started["args"][name] for name in ("mode", "epochs", "data")
    )
    datetime.fromisoformat(started["date"])
    assert " " in started["date"]
    wait(http, started["uuid"])


def test_a_training_that_is_done_has_its_output(http: httpx2.Client) -> None:
    started = train(http, epochs=3)

    done = wait(http, started["uuid"])

    assert "done" == done["status"]
    assert {"output", "finish_date", "duration"} == set(done["result"])
    assert {"ok": True, "epochs": 3} == done["result"]["output"]
    datetime.fromisoformat(done["result"]["finish_date"])
    assert re.fullmatch(r"\d+:\d\d:\d\d(\.\d+)?", done["result"]["duration"])
    assert (started["uuid"], started["date"]) == (done["uuid"], done["date"])


def test_a_training_that_fails_says_why(http: httpx2.Client) -> None:
    failed = wait(http, train(http, mode="fail")["uuid"])

    assert ("error", "train failed") == (failed["status"], failed["message"])


def test_trainings_are_listed_in_the_order_of_their_start(http: httpx2.Client) -> None:
    first, second = train(http), train(http)
    wait(http, second["uuid"])

    listed = [one["uuid"] for one in http.get(TRAINER).json()]

    assert listed.index(first["uuid"]) + 1 == listed.index(second["uuid"])


def test_a_training_that_is_done_can_be_forgotten(http: httpx2.Client) -> None:
    uuid = train(http)["uuid"]
    wait(http, uuid)

    answer = http.delete(f"{TRAINER}{uuid}")

    assert (200, "done") == (answer.status_code, answer.json()["status"])
    assert 404 == show(http, uuid).status_code
    assert uuid not in [one["uuid"] for one in http.get(TRAINER).json()]


@pytest.mark.differs_from_26("500, and the training is forgotten")
def test_a_training_that_failed_can_be_forgotten(http: httpx2.Client) -> None:
    uuid = train(http, mode="fail")["uuid"]
    wait(http, uuid)

    answer = http.delete(f"{TRAINER}{uuid}")

    assert (200, "error") == (answer.status_code, answer.json()["status"])
    assert 404 == show(http, uuid).status_code


@pytest.mark.differs_from_26("500, or no answer at all")
def test_trainings_that_run_or_wait_can_be_cancelled(http: httpx2.Client) -> None:
    running, waiting = train(http, mode="hang"), train(http, mode="hang")

    for uuid in (waiting["uuid"], running["uuid"]):
        answer = http.delete(f"{TRAINER}{uuid}")
        assert (200, "cancelled") == (answer.status_code, answer.json()["status"])
        assert 404 == show(http, uuid).status_code

    assert "done" == wait(http, train(http)["uuid"])["status"]


@pytest.mark.differs_from_26("500, and so are all lists from then on")
def test_arguments_that_json_does_not_know_are_shown_as_text(
    http: httpx2.Client,
) -> None:
    started = train(http, when="2026-01-31")

    assert "2026-01-31" == started["args"]["when"]
    assert "done" == wait(http, started["uuid"])["status"]


@pytest.mark.differs_from_26("500, and so are all lists from then on")
def test_a_result_that_json_does_not_know_is_shown(http: httpx2.Client) -> None:
    done = wait(http, train(http, mode="set")["uuid"])

    assert ["anna"] == done["result"]["output"]
    assert 200 == http.get(TRAINER).status_code


@pytest.mark.differs_from_26("I/O operation on closed file")
def test_a_training_can_read_its_file(http: httpx2.Client) -> None:
    files = {"data": ("rows.csv", b"1,2", "text/csv")}
    started = http.post(TRAINER, files=files).json()

    assert ["data", "text/csv", "rows.csv"] == started["args"]["data"]
    assert {"read": "1,2"} == wait(http, started["uuid"])["result"]["output"]


def test_wrong_arguments_start_nothing(http: httpx2.Client) -> None:
    before = len(http.get(TRAINER).json())

    answer = http.post(TRAINER, params={"epochs": 0})

    assert 422 == answer.status_code
    assert ["epochs"] == list(answer.json())
    assert before == len(http.get(TRAINER).json())


@pytest.mark.differs_from_26("it has no versions")
def test_what_a_training_has_made_answers_without_a_restart(
    http: httpx2.Client,
) -> None:
    wait(http, train(http, mode="artifact")["uuid"])

    answer = http.post("/v2/models/trainer/predict/")

    assert ["weights"] == answer.json()["predictions"]


def test_a_model_without_prediction_can_be_trained(http: httpx2.Client) -> None:
    address = "/v2/models/train_only/train/"
    started = http.post(address, params={"epochs": 1}).json()

    assert "running" == started["status"]


@pytest.mark.parametrize("model", ["noargs", "strict"])
def test_a_model_without_train_cannot_be_trained(
    http: httpx2.Client, model: str
) -> None:
    answer = http.post(f"/v2/models/{model}/train/")

    assert 501 == answer.status_code
    assert f"Not implemented by underlying model (loaded '{model}')" in answer.text


def test_there_are_no_trainings_of_a_model_without_train(http: httpx2.Client) -> None:
    answer = http.get("/v2/models/noargs/train/")

    assert 200 == answer.status_code
    assert [] == answer.json()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_training_is_not_found(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, f"{TRAINER}{'0' * 32}")

    assert 404 == answer.status_code


@pytest.mark.differs_from_26("it knows no such option")
def test_without_jobs_there_are_no_trainings(start_server: Any, workshop: Any) -> None:
    server = start_server("--no-jobs", models={"trainer": "compat_models.trainer"})
    server.wait_until_ready()

    problem(httpx2.post(server.url + TRAINER), status=501)
    assert [] == httpx2.get(server.url + TRAINER).json()
    problem(httpx2.get(server.url + "/jobs"), status=501)
