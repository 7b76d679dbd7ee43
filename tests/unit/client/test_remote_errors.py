"""An error that went over HTTP is the error that it was."""

from __future__ import annotations

import pytest

from deepaas import errors
from deepaas.client.remote_errors import error_of_answer, error_of_code
from deepaas.frontends.api.problems import render


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidInputError(
            "Not so.",
            errors=(errors.FieldError(pointer="/a b/0/~1x", detail="No."),),
        ),
        errors.ModelNotFoundError("x"),
        errors.NotAcceptableError("image/png", available=("text/plain",)),
        errors.ModelError("boom"),
        errors.ModelHttpError("no such breed", status=404),
        errors.QueueFullError("x", retry_after_s=2),
        errors.WorkerDiedError("dead"),
        errors.DeadlineError("late"),
    ],
)
def test_a_problem_becomes_the_error_it_was(error: errors.DeepaasError) -> None:
    answer = render(error, request_id="1")

    found = error_of_answer(answer.status, answer.body)

    assert type(error) is type(found)
    assert error.detail == found.detail
    assert getattr(error, "errors", ()) == getattr(found, "errors", ())


def test_the_messages_of_a_2x_model_become_errors_of_arguments() -> None:
    found = error_of_answer(
        422, b'{"size": ["Too big."], "a": {"0": ["No.", "Nope."]}}'
    )

    assert isinstance(found, errors.InvalidInputError)
    assert (
        errors.FieldError(pointer="/size", detail="Too big."),
        errors.FieldError(pointer="/a/0", detail="No."),
        errors.FieldError(pointer="/a/0", detail="Nope."),
    ) == found.errors


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, errors.RequestError),
        (413, errors.RequestError),
        (500, errors.OperationError),
        (502, errors.UnavailableError),
        (503, errors.UnavailableError),
    ],
)
def test_the_answer_of_something_between_us_is_shown_as_it_is(
    status: int, expected: type[errors.DeepaasError]
) -> None:
    found = error_of_answer(status, b"<h1>nginx</h1>")

    assert type(found) is expected
    assert f"The server answered {status}: <h1>nginx</h1>" == found.detail


def test_an_unknown_code_is_still_an_error() -> None:
    found = error_of_code("from_the_future", "Something new.")

    assert isinstance(found, errors.OperationError)
    assert "Something new." == found.detail
