"""Exceptions that published models raise, as our errors."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import werkzeug.exceptions
from aiohttp import web
from webargs import ValidationError

from deepaas.errors import (
    DeepaasError,
    InvalidInputError,
    ModelError,
    ModelHttpError,
    OperationNotImplementedError,
)
from deepaas.model.legacy import translate_exception
from deepaas.model.v2_libraries import allow_any_reason


@pytest.fixture(autouse=True)
def any_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set to itself, so that monkeypatch puts aiohttp back as it was.
    monkeypatch.setattr(web.HTTPException, "__init__", web.HTTPException.__init__)
    allow_any_reason()


def translated(error: BaseException) -> DeepaasError | None:
    return translate_exception(error, model="m", operation="predict")


LINES = "first line\nsecond line\r\nthird line"


@pytest.mark.parametrize(
    ("make", "status", "detail"),
    [
        (lambda: web.HTTPBadRequest(reason="no such breed"), 400, "no such breed"),
        (lambda: web.HTTPBadRequest(reason=ValueError("why")), 400, "why"),  # type: ignore[arg-type]  # as most models do
        (lambda: web.HTTPBadRequest(reason=ValueError()), 400, "ValueError()"),  # type: ignore[arg-type]  # the same
        (lambda: web.HTTPBadRequest(reason=LINES), 400, LINES),
        (lambda: web.HTTPBadRequest(reason="señal"), 400, "señal"),
        (lambda: web.HTTPBadRequest(), 400, "Bad Request"),
        (
            lambda: web.HTTPBadRequest(text="the body says why"),
            400,
            "the body says why",
        ),
        (lambda: web.HTTPNotFound(reason="no picture"), 404, "no picture"),
        (lambda: web.HTTPUnprocessableEntity(reason="no"), 422, "no"),
        (lambda: web.HTTPServiceUnavailable(reason="away"), 503, "away"),
        (
            lambda: web.HTTPException(reason="weights are missing"),
            500,
            "weights are missing",
        ),
        (lambda: web.HTTPException(reason=KeyError("w")), 500, "'w'"),  # type: ignore[arg-type]  # the same
        (lambda: web.HTTPException(), 500, "HTTPException"),
        (lambda: web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), 413, None),
    ],
    ids=range(14),
)
def test_an_http_error_keeps_status_and_reason(
    make: Any, status: int, detail: str | None
) -> None:
    error = translated(make())

    assert isinstance(error, ModelHttpError)
    assert status == error.status
    assert detail is None or detail == error.detail


@pytest.mark.parametrize(
    "make",
    [lambda: web.HTTPOk(text="fine"), lambda: web.HTTPFound("/x")],
    ids=["ok", "found"],
)
def test_what_is_no_error_must_not_be_raised(make: Any) -> None:
    error = translated(make())

    assert isinstance(error, ModelError)
    assert "which is no error; let predict return its result" in error.detail


def test_not_implemented_names_the_model() -> None:
    error = translated(NotImplementedError("not in this version"))

    assert isinstance(error, OperationNotImplementedError)
    assert "Not implemented by underlying model (loaded 'm')" == error.detail


@pytest.mark.parametrize(
    ("error", "messages"),
    [
        (ValidationError("no face on it"), {"_schema": ["no face on it"]}),
        (ValidationError("too dark", "photo"), {"photo": ["too dark"]}),
        (ValidationError({"photo": ["too dark"]}), {"photo": ["too dark"]}),
    ],
    ids=["text", "field", "dict"],
)
def test_a_validation_error_of_the_model_is_one_of_input(
    error: ValidationError, messages: dict[str, Any]
) -> None:
    found = translated(error)

    assert isinstance(found, InvalidInputError)
    assert messages == found.messages


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), SystemExit(1)])
def test_other_exceptions_are_left_alone(error: BaseException) -> None:
    assert translated(error) is None


def test_the_log_shows_where_the_model_raised() -> None:
    def predict() -> None:
        raise NotImplementedError("deep inside")

    with pytest.raises(NotImplementedError) as caught:
        predict()
    found = translated(caught.value)

    assert found is not None
    assert "in predict\n" in "".join(traceback.format_exception(found))


def test_the_reason_is_patched_once() -> None:
    before = web.HTTPException.__init__
    allow_any_reason()

    assert before is web.HTTPException.__init__


def test_an_http_exception_keeps_its_one_line_reason_for_aiohttp() -> None:
    assert "first line second line third line" == web.HTTPConflict(reason=LINES).reason


def test_a_body_that_is_no_text_is_told_as_far_as_it_is_one() -> None:
    error = web.HTTPBadRequest()
    error.body = b"caf\xe9"

    found = translated(error)

    assert found is not None
    assert "caf\ufffd" == found.detail


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (werkzeug.exceptions.BadRequest("too dark"), 400, "too dark"),
        (werkzeug.exceptions.BadRequest(ValueError("why")), 400, "why"),  # type: ignore[arg-type]  # as most models do
        (werkzeug.exceptions.BadRequest(""), 400, "BadRequest"),
        (werkzeug.exceptions.Conflict("busy"), 409, "busy"),
        (
            werkzeug.exceptions.HTTPException("without a status"),
            500,
            "without a status",
        ),
    ],
    ids=["text", "exception", "nothing", "conflict", "base"],
)
def test_exceptions_of_werkzeug_have_their_status(
    error: BaseException, status: int, detail: str
) -> None:
    ours = translated(error)

    assert isinstance(ours, ModelHttpError)
    assert (status, detail) == (ours.status, ours.detail)
