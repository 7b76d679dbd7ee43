"""Errors as the clients of 0.5 and 1.x read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.descriptions import argument

from deepaas import errors
from deepaas.frontends.api.v1_errors import answer_of_05, answer_of_1x

ARGUMENTS = (argument("lr", {"type": "string", "description": "Learning rate"}),)

MISSING = errors.InvalidInputError(
    messages={"lr": ["Missing data for required field."], "x": {"0": ["Bad.", "No."]}}
)


def test_05_has_a_sentence_for_each_argument() -> None:
    answer = answer_of_05(MISSING, ARGUMENTS)

    assert answer is not None
    assert 400 == answer.status
    assert {
        "message": "Input payload validation failed",
        "errors": {
            "lr": "Learning rate Missing required parameter in the JSON body or the "
            "post body or the query string",
            "x": "Bad. No.",
        },
    } == json.loads(answer.body)


def test_1x_has_the_messages_of_marshmallow() -> None:
    answer = answer_of_1x(MISSING, ARGUMENTS)

    assert answer is not None
    assert 422 == answer.status
    assert MISSING.messages == json.loads(answer.body)


@pytest.mark.parametrize(
    "error",
    [
        errors.InputChoiceError("señal"),
        errors.ModelHttpError("señal", status=400),
    ],
)
def test_a_bad_request_is_a_message_or_a_line(error: errors.DeepaasError) -> None:
    in_05, in_1x = answer_of_05(error, ()), answer_of_1x(error, ())

    assert in_05 is not None
    assert in_1x is not None
    assert {"message": "señal"} == json.loads(in_05.body)
    assert "400: señal" == in_1x.body.decode()
    assert (b"content-type", b"text/plain; charset=utf-8") in in_1x.headers


@pytest.mark.parametrize(
    "error",
    [
        errors.ModelHttpError("no", status=409),
        errors.ModelError("no"),
        errors.InvalidInputError("raised by the model"),
        errors.ModelNotFoundError("x"),
        errors.DrainingError(),
    ],
)
@pytest.mark.parametrize("answer", [answer_of_05, answer_of_1x])
def test_all_other_errors_are_problems(answer: Any, error: errors.DeepaasError) -> None:
    assert answer(error, ()) is None
