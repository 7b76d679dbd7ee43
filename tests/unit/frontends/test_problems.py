"""Errors as HTTP clients see them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas import errors
from deepaas.frontends.api import problems

if TYPE_CHECKING:
    from collections.abc import Iterator


def tree(root: type[errors.DeepaasError]) -> Iterator[type[errors.DeepaasError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def answer(error: errors.DeepaasError, **options: Any) -> problems.ProblemAnswer:
    return problems.render(error, request_id="r1", **options)


def document(error: errors.DeepaasError, **options: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer(error, **options).body)
    return body


def header(given_answer: problems.ProblemAnswer, name: bytes) -> bytes | None:
    return dict(given_answer.headers).get(name)


def test_every_error_has_a_status() -> None:
    assert set(tree(errors.DeepaasError)) == set(problems.STATUS)


def test_codes_are_unique_on_the_wire() -> None:
    codes = [error.code for error in problems.STATUS]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInputError(), 422),
        (errors.MalformedBodyError("no JSON"), 400),
        (errors.UnsupportedMediaTypeError("a/b", supported=("c/d",)), 415),
        (errors.BodyTooLargeError(10), 413),
        (errors.NotAcceptableError("a/b", available=("c/d",)), 406),
        (errors.ModelNotFoundError("x"), 404),
        (errors.OperationNotImplementedError("m", "train"), 501),
        (errors.OperationDisabledError("train"), 402),
        (errors.ModelError("boom"), 500),
        (errors.ModelHttpError("teapot", status=418), 418),
        (errors.ModelHttpError("not an error", status=-1), 500),
        (errors.ModelHttpError("not an error", status=302), 500),
        (errors.BadOutputError("a set"), 500),
        (errors.QueueFullError("m", retry_after_s=2), 503),
        (errors.ModelUnavailableError("loading"), 503),
        (errors.DrainingError(), 503),
        (errors.DeadlineError("60 s"), 504),
        (errors.WorkerDiedError("died"), 502),
        (errors.ConfigurationError("bad"), 500),
        (errors.ModelLoadError("m", "no"), 500),
        (errors.SignatureError("m", "no"), 500),
    ],
)
def test_an_error_has_its_status(error: errors.DeepaasError, status: int) -> None:
    assert status == answer(error).status
    assert status == document(error)["status"]


def test_a_model_authors_subclass_is_told_like_its_parent() -> None:
    class TooDarkError(errors.InvalidInputError):
        pass

    body = document(TooDarkError("The photo is too dark."))

    assert 422 == body["status"]
    assert "urn:deepaas:problem:invalid-input" == body["type"]
    assert "An argument is wrong, missing or unknown" == body["title"]


def test_the_message_has_every_name_that_clients_look_for() -> None:
    assert {
        "type": "urn:deepaas:problem:model-not-found",
        "title": "No model of this name is served",
        "status": 404,
        "detail": "No model 'x' is served here; see /v2/models/.",
        "instance": "urn:deepaas:request:r1",
        "error": "No model 'x' is served here; see /v2/models/.",
        "message": "No model 'x' is served here; see /v2/models/.",
        "request_id": "r1",
    } == document(errors.ModelNotFoundError("x"))


def test_each_wrong_argument_is_pointed_at() -> None:
    error = errors.InvalidInputError(
        errors=(
            errors.FieldError("/photos/0", "is no image"),
            errors.FieldError('/50%~1 "é"', "is missing"),
            errors.FieldError("", "have no sense together"),
        )
    )
    assert [
        {"detail": "is no image", "pointer": "#/photos/0"},
        {"detail": "is missing", "pointer": "#/50%25~1%20%22%C3%A9%22"},
        {"detail": "have no sense together", "pointer": "#"},
    ] == document(error)["errors"]


def test_a_dead_worker_says_how_it_died() -> None:
    body = document(errors.WorkerDiedError("died", signal="SIGSEGV"))

    assert ("worker_died", "SIGSEGV") == (body["cause"], body["signal"])
    assert "exit_status" not in body


def test_facts_that_help_the_caller_are_members() -> None:
    not_acceptable = errors.NotAcceptableError("a/b", available=("image/png",))
    assert ["image/png"] == document(not_acceptable)["available"]
    assert 10 == document(errors.BodyTooLargeError(10))["limit_bytes"]


def test_a_traceback_never_reaches_the_caller() -> None:
    trace = "Traceback (most recent call last)"
    for error in (
        errors.ModelError("boom", traceback=trace),
        errors.BadOutputError("boom", traceback=trace),
        errors.ModelLoadError("m", "boom", traceback=trace),
    ):
        assert trace.encode() not in answer(error).body


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.QueueFullError("m", retry_after_s=1.2), b"2"),
        (errors.QueueFullError("m", retry_after_s=0), b"1"),
        (errors.ModelUnavailableError("loading"), b"1"),
        (errors.DrainingError(), b"5"),
        (errors.DeadlineError("60 s"), None),
        (errors.ModelError("boom"), None),
    ],
)
def test_a_503_says_when_to_come_back(
    error: errors.DeepaasError, expected: bytes | None
) -> None:
    assert expected == header(answer(error), b"retry-after")


def test_a_415_says_what_is_understood() -> None:
    error = errors.UnsupportedMediaTypeError("a/b", supported=("a/c", "a/d"))
    assert b"a/c, a/d" == header(answer(error), b"accept")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("image/png", "application/problem+json"),
        ("application/json", "application/json"),
        ("Application/JSON; q=0.5, text/html", "application/json"),
        ("application/json;q=0", "application/problem+json"),
        ("application/json, application/problem+json", "application/problem+json"),
    ],
)
def test_plain_json_goes_to_who_names_it(accept: str, expected: str) -> None:
    given_answer = answer(errors.ModelError("boom"), accept=accept)
    assert expected.encode() == header(given_answer, b"content-type")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInputError(messages={"i": ["Not a valid integer."]}), 422),
        (
            errors.MalformedBodyError("x", messages={"json": ["Invalid JSON body."]}),
            400,
        ),
    ],
)
def test_2x_messages_are_the_whole_body(
    error: errors.InvalidInputError | errors.MalformedBodyError, status: int
) -> None:
    given_answer = answer(error, kind="v2")

    assert status == given_answer.status
    assert error.messages == json.loads(given_answer.body)
    assert b"application/json" == header(given_answer, b"content-type")


def test_a_native_model_never_gets_2x_bodies() -> None:
    error = errors.InvalidInputError(messages={"i": ["Not a valid integer."]})
    assert 422 == document(error)["status"]


def test_a_2x_error_without_messages_is_a_problem() -> None:
    assert 422 == document(errors.InvalidInputError("no"), kind="v2")["status"]
    assert 500 == document(errors.ModelError("no"), kind="v2")["status"]


def test_a_wrong_method_is_told_the_right_ones() -> None:
    problem = problems.method_not_allowed("PUT", allowed=["GET", "HEAD"])
    given_answer = problems.render_problem(problem, request_id="r1")

    assert 405 == given_answer.status
    assert b"GET, HEAD" == header(given_answer, b"allow")


def test_an_address_that_leads_nowhere_is_named() -> None:
    problem = problems.route_not_found("/v3")
    given_answer = problems.render_problem(problem, request_id="r1")

    assert 404 == given_answer.status
    assert "There is nothing at '/v3'." == json.loads(given_answer.body)["detail"]


@pytest.mark.parametrize(("host", "status"), [("", 400), ("evil.example", 421)])
def test_a_foreign_host_is_refused(host: str, status: int) -> None:
    assert status == problems.host_not_allowed(host).status


@given(detail=st.text(), request_id=st.text(), accept=st.text(), kind=st.text())
def test_any_text_becomes_a_whole_answer(
    detail: str, request_id: str, accept: str, kind: str
) -> None:
    given_answer = problems.render(
        errors.ModelError(detail), request_id=request_id, accept=accept, kind=kind
    )

    assert detail == json.loads(given_answer.body)["detail"]
    assert str(len(given_answer.body)).encode() == header(
        given_answer, b"content-length"
    )


def test_lone_surrogates_are_replaced() -> None:
    assert "a?b" == document(errors.ModelError("a\udcffb"))["detail"]
