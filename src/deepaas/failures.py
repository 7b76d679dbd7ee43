"""Errors on their way from a worker to its server.

An exception never crosses the process boundary as an object: the worker sends the
error's code, its sentence and its facts (`Failure`), and the server makes an error of
the same class from them. What is not one of ours arrives as `ModelError`.

A model can raise anything: an exception without a text, a text that is no Unicode or
has no end. Whatever it is, it becomes a record that can be sent.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any, Final

from deepaas import errors, messages

_FACTS: Final[dict[type[errors.DeepaasError], tuple[str, ...]]] = {
    errors.InvalidInputError: ("errors", "messages"),
    errors.InputChoiceError: (),
    errors.MalformedBodyError: ("messages",),
    errors.BodyTooLargeError: ("limit_bytes",),
    errors.UnsupportedMediaTypeError: ("media_type", "supported"),
    errors.NotAcceptableError: ("accept", "available"),
    errors.OperationNotImplementedError: ("model", "operation"),
    errors.ModelError: ("exception",),
    errors.ModelHttpError: ("status",),
    errors.BadOutputError: (),
    errors.DeadlineError: ("retry_after_s",),
}
"""The errors that a worker can report, and their attributes that travel."""

_LONGEST_DETAIL: Final = 10_000
_LONGEST_TRACEBACK: Final = 100_000
"""So many characters are sent: an exception may quote all of its model's data."""

_CLASSES: Final = {error_class.code: error_class for error_class in _FACTS}


def failure_of(
    seq: int, error: BaseException, *, hide_detail: bool = False
) -> messages.Failure:
    """Return the record that reports `error`.

    Args:
        seq: Of the prediction, or the call.
        error: What was raised; any class.
        hide_detail: Keep the text of the model's own exceptions from callers.
    """
    trace = _text("".join(traceback.format_exception(error)), _LONGEST_TRACEBACK)
    known = next((one for one in type(error).__mro__ if one in _FACTS), None)
    if known is not None and isinstance(error, errors.DeepaasError):
        return messages.Failure(
            seq=seq,
            code=known.code,
            detail=_text(_detail(error), _LONGEST_DETAIL),
            facts={name: _plain(getattr(error, name)) for name in _FACTS[known]},
            traceback=trace,
        )
    name = _text(type(error).__name__)
    detail = _text(error, _LONGEST_DETAIL) or name
    return messages.Failure(
        seq=seq,
        code=errors.ModelError.code,
        detail="The model failed." if hide_detail else detail,
        facts={"exception": name},
        traceback=trace,
    )


def error_of(failure: messages.Failure) -> errors.DeepaasError:
    """Return the error that `failure` reports."""
    error_class = _CLASSES.get(failure.code, errors.ModelError)
    # Not through __init__, whose arguments differ: the sentence is already composed.
    error = error_class.__new__(error_class, failure.detail)
    facts = dict(failure.facts)
    if error_class is errors.InvalidInputError:
        facts["errors"] = _field_errors(facts["errors"])
    if error_class in (errors.ModelError, errors.BadOutputError):
        facts["traceback"] = failure.traceback
    error.__dict__.update(facts)
    return error


def _field_errors(facts: object) -> tuple[errors.FieldError, ...]:
    """Return the field errors among the facts; a model may have added anything."""
    return tuple(
        errors.FieldError(pointer=one["pointer"], detail=one["detail"])
        for one in (facts if isinstance(facts, list) else ())
        if isinstance(one, dict)
    )


def _plain(value: Any) -> Any:
    """Return what a record can hold for a value."""
    match value:
        case None | bool() | float():
            return value
        case int() if value.bit_length() < 64:
            return value
        case errors.FieldError(pointer=pointer, detail=detail):
            return {"pointer": _text(pointer), "detail": _text(detail)}
        case Mapping():
            return {_text(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
    return _text(value)


def _detail(error: errors.DeepaasError) -> str:
    try:
        return error.detail
    except Exception:  # noqa: BLE001 - the text of a model's own object
        return type(error).__name__


def _text(value: object, longest: int | None = None) -> str:
    """Return `value` as text that UTF-8 can hold; its type's name if it has none."""
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - a model's own exception may raise anything
        text = type(value).__name__
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if longest is None or len(text) <= longest else text[:longest] + "…"
