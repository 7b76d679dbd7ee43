"""Errors on their way from a worker to its server."""

from __future__ import annotations

import pytest

from deepaas import errors, messages
from deepaas.failures import error_of, failure_of

SENT = [
    errors.InvalidInputError(
        "Two things.", errors=(errors.FieldError("/a/0", "bad"),), messages={"a": [1]}
    ),
    errors.InputChoiceError("Both."),
    errors.MalformedBodyError("No JSON.", messages={"json": ["Invalid JSON body."]}),
    errors.UnsupportedMediaTypeError("text/csv", supported=("application/json",)),
    errors.NotAcceptableError("image/png", available=("application/json",)),
    errors.OperationNotImplementedError("plants", "train"),
    errors.ModelError("Too hot.", exception="ValueError"),
    errors.ModelHttpError("Bad\nreason", status=418),
    errors.BadOutputError("At /a: an object."),
    errors.DeadlineError("Too long."),
]


def over_the_wire(failure: messages.Failure) -> messages.Failure:
    decoded = messages.decode_to_server(messages.encode(failure))
    assert isinstance(decoded, messages.Failure)
    return decoded


@pytest.mark.parametrize("error", SENT, ids=lambda error: error.code)
def test_an_error_arrives_with_its_class_sentence_and_facts(
    error: errors.DeepaasError,
) -> None:
    arrived = error_of(over_the_wire(failure_of(7, error)))

    assert type(error) is type(arrived)
    assert error.detail == arrived.detail
    facts = {key: value for key, value in vars(error).items() if key != "traceback"}
    assert facts.items() <= vars(arrived).items() or _same(facts, vars(arrived))


def _same(expected: dict[str, object], actual: dict[str, object]) -> bool:
    """Compare facts, where msgpack has turned tuples into lists."""
    return all(
        list(value) == list(actual[key])  # type: ignore[call-overload]  # both are sequences
        if isinstance(value, tuple)
        else value == actual[key]
        for key, value in expected.items()
    )


def test_any_other_exception_arrives_as_the_models() -> None:
    with pytest.raises(LookupError) as raised:
        {}["no such leaf"]  # type: ignore[index]  # meant to fail
    arrived = error_of(over_the_wire(failure_of(1, raised.value)))

    assert isinstance(arrived, errors.ModelError)
    assert ("'no such leaf'", "KeyError") == (arrived.detail, arrived.exception)
    assert "Traceback" in arrived.traceback


def test_an_exception_without_a_text_is_told_by_its_class() -> None:
    assert "KeyboardInterrupt" == failure_of(1, KeyboardInterrupt()).detail


def test_the_text_of_an_exception_can_be_hidden() -> None:
    failure = failure_of(1, ValueError("secret"), hide_detail=True)

    assert "secret" not in failure.detail
    assert "secret" in failure.traceback


def test_a_subclass_of_ours_arrives_as_ours() -> None:
    class TooBlurredError(errors.InvalidInputError):
        pass

    arrived = error_of(over_the_wire(failure_of(1, TooBlurredError("Too blurred."))))

    assert errors.InvalidInputError is type(arrived)


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ValueError("half a \ud83d character"), "half a ? character"),
        (UnspeakableError(), "UnspeakableError"),
        (errors.InvalidInputError("half \ud83d"), "half ?"),
        (errors.BadOutputError("half \ud83d"), "half ?"),
        (ValueError("x" * 20_000), "x" * 10_000 + "…"),
    ],
)
def test_any_text_of_an_exception_can_be_sent(error: Exception, detail: str) -> None:
    assert detail == error_of(over_the_wire(failure_of(1, error))).detail


def test_facts_that_a_model_made_up_are_sent_as_far_as_they_go() -> None:
    error = errors.InvalidInputError(
        errors=(errors.FieldError("/\ud83d", "\ud83d"), "no error"),  # type: ignore[arg-type]  # a model may do it
        messages={1: {"\ud83d": [2**80, 1.5, None, True, object]}},
    )

    arrived = error_of(over_the_wire(failure_of(1, error)))

    assert isinstance(arrived, errors.InvalidInputError)
    assert (errors.FieldError("/?", "?"),) == arrived.errors
    assert {"1": {"?": [str(2**80), 1.5, None, True, str(object)]}} == arrived.messages
