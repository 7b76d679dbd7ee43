"""What a model raises, how it dies, and that the next caller is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.problems import problem

if TYPE_CHECKING:
    from tests.compat.workshop import Predict
    from tests.support.server import ServerProcess

HANGS = "HTTP errors of a model hang it for ever (defects 1 to 3)"
SILENT = "its errors say nothing (defect 14)"


@pytest.mark.parametrize("way", ["value_error", "key_error", "attribute_error"])
def test_an_exception_is_a_server_error_without_a_traceback(
    predict: Predict, way: str
) -> None:
    answer = predict("errors", params={"way": way})

    assert 500 == answer.status_code
    assert "Traceback" not in answer.text
    assert "compat_models" not in answer.text


@pytest.mark.differs_from_26(SILENT)
@pytest.mark.parametrize(
    ("way", "status", "reason"),
    [
        ("value_error", 500, "the photo is upside down"),
        ("unicode_error", 500, "el niño está al revés"),
        ("empty", 500, ""),
        ("key_error", 500, "nowhere"),
        ("attribute_error", 500, "nowhere"),
        ("two_arguments", 500, "7 things"),
        ("not_implemented", 501, ""),
        ("bad_request_text", 400, "no such breed"),
        ("bad_request_exception", 400, "the photo is upside down"),
        ("bad_request_lines", 400, "first line"),
        ("bad_request_lines", 400, "second line"),
        ("bad_request_lines", 400, "third line"),
        ("bad_request_body", 400, "the body says why"),
        ("bad_request_bare", 400, ""),
        ("not_found", 404, "no picture at this address"),
        ("unprocessable", 422, "cannot be processed"),
        ("unavailable", 503, "the licence server is away"),
        ("plain_http", 500, "weights are missing"),
        ("plain_http_exception", 500, "weights are missing"),
    ],
)
def test_the_caller_learns_the_reason(
    predict: Predict, way: str, status: int, reason: str
) -> None:
    document = problem(predict("errors", params={"way": way}), status=status)

    assert reason in document["message"]


@pytest.mark.differs_from_26(HANGS)
@pytest.mark.parametrize("way", ["redirect", "ok_as_exception"])
def test_an_http_exception_that_is_no_error_is_answered(
    predict: Predict, way: str
) -> None:
    predict("errors", params={"way": way})

    assert "well" == predict("errors").json()["predictions"]


@pytest.mark.differs_from_26(HANGS)
def test_the_model_goes_on_after_each_of_its_exceptions(predict: Predict) -> None:
    for way in ("bad_request_text", "two_arguments", "plain_http", "value_error"):
        predict("errors", params={"way": way})

        assert "well" == predict("errors").json()["predictions"]


@pytest.mark.differs_from_26("it logs where the pool's result was awaited")
def test_the_traceback_is_in_the_log(predict: Predict, server: ServerProcess) -> None:
    predict("errors", params={"way": "value_error"})

    output = server.wait_for_output("in value_error")

    assert "ValueError: the photo is upside down" in output


@pytest.mark.differs_from_26("a model that dies hangs for ever (defect 3)")
@pytest.mark.parametrize(
    ("way", "statuses"),
    [
        ("exit", {502}),
        ("kill", {502}),
        ("segfault", {502}),
        ("sys_exit", {500, 502}),
        ("interrupt", {200, 500, 502}),
    ],
)
def test_after_a_death_the_next_call_finds_a_warm_worker(
    predict: Predict, way: str, statuses: set[int]
) -> None:
    answer = predict("deadly", params={"way": way})

    assert answer.status_code in statuses
    assert predict("deadly").json()["predictions"]["warmed"]


@pytest.mark.differs_from_26("a model that dies hangs for ever (defect 3)")
@pytest.mark.parametrize(
    ("way", "cause"),
    [("exit", "3"), ("kill", "SIGKILL"), ("segfault", "SIGSEGV")],
)
def test_the_caller_learns_how_the_worker_died(
    predict: Predict, way: str, cause: str
) -> None:
    document = problem(predict("deadly", params={"way": way}), status=502)

    assert "worker_died" == document["cause"]
    assert cause in document["detail"]


@pytest.mark.differs_from_26("a model that dies hangs for ever (defect 3)")
def test_other_models_do_not_notice_a_death(predict: Predict) -> None:
    before = predict("warmed").json()["predictions"]["pid"]

    predict("deadly", params={"way": "exit"})

    assert before == predict("warmed").json()["predictions"]["pid"]


# ------------------------------------------------------------ where models run


def test_warm_has_run_once_in_the_process_that_predicts(predict: Predict) -> None:
    seen = predict("warmed").json()["predictions"]

    assert "loaded" == seen["weights"]
    assert 1 == seen["warmed_times"]


def test_a_model_keeps_its_process(predict: Predict) -> None:
    first = predict("warmed").json()["predictions"]["pid"]

    assert first == predict("warmed").json()["predictions"]["pid"]


def test_a_model_does_not_run_in_the_server_process(
    predict: Predict, server: ServerProcess
) -> None:
    assert server.process.pid != predict("warmed").json()["predictions"]["pid"]


def test_a_model_runs_in_the_main_thread_and_folder_of_the_server(
    predict: Predict, server: ServerProcess
) -> None:
    seen = predict("warmed").json()["predictions"]

    assert seen["is_main_thread"]
    assert str(server.stdout.parent) == seen["folder"]


def test_a_model_sees_the_environment_of_the_server(predict: Predict) -> None:
    assert "of the server" == predict("warmed").json()["predictions"]["variable"]


def test_what_a_model_prints_is_in_the_servers_output(
    predict: Predict, server: ServerProcess
) -> None:
    predict("warmed", params={"say": "hello from the model"})

    output = server.wait_for_output("hello from the model")

    assert 2 <= output.count("hello from the model")


@pytest.mark.differs_from_26("it cannot serve a class (defect 5)")
def test_a_class_is_instantiated_and_keeps_its_state(predict: Predict) -> None:
    first = predict("counter").json()
    second = predict("counter", params={"step": 5}).json()

    assert "loaded" == first["weights"]
    assert first["calls"] + 5 == second["calls"]
