"""Errors on their way from a worker to its server.

An exception never crosses the process boundary as an object: the worker sends the
error's code, its sentence and its facts (`Failure`), and the server makes an error of
the same class from them. What is not one of ours arrives as `ModelError`.
"""

from __future__ import annotations

import traceback
from typing import Final

from deepaas import errors, messages

_FACTS: Final[dict[type[errors.DeepaasError], tuple[str, ...]]] = {
    errors.InvalidInputError: ("errors", "messages"),
    errors.MalformedBodyError: ("messages",),
    errors.UnsupportedMediaTypeError: ("media_type", "supported"),
    errors.NotAcceptableError: ("accept", "available"),
    errors.OperationNotImplementedError: ("model", "operation"),
    errors.ModelError: ("exception",),
    errors.ModelHttpError: ("status",),
    errors.BadOutputError: (),
    errors.DeadlineError: ("retry_after_s",),
}
"""The errors that a worker can report, and their attributes that travel."""

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
    trace = "".join(traceback.format_exception(error))
    known = next((one for one in type(error).__mro__ if one in _FACTS), None)
    if known is not None and isinstance(error, errors.DeepaasError):
        return messages.Failure(
            seq=seq,
            code=known.code,
            detail=error.detail,
            facts={name: getattr(error, name) for name in _FACTS[known]},
            traceback=trace,
        )
    detail = str(error) or type(error).__name__
    return messages.Failure(
        seq=seq,
        code=errors.ModelError.code,
        detail="The model failed." if hide_detail else detail,
        facts={"exception": type(error).__name__},
        traceback=trace,
    )


def error_of(failure: messages.Failure) -> errors.DeepaasError:
    """Return the error that `failure` reports."""
    error_class = _CLASSES.get(failure.code, errors.ModelError)
    # Not through __init__, whose arguments differ: the sentence is already composed.
    error = error_class.__new__(error_class, failure.detail)
    facts = dict(failure.facts)
    if error_class is errors.InvalidInputError:
        facts["errors"] = tuple(
            errors.FieldError(pointer=one["pointer"], detail=one["detail"])
            for one in facts["errors"]
        )
    if error_class in (errors.ModelError, errors.BadOutputError):
        facts["traceback"] = failure.traceback
    error.__dict__.update(facts)
    return error
