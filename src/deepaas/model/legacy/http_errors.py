"""Errors that 2.x and V1 models raise: of aiohttp, werkzeug and marshmallow, as ours.

No web library is imported for that: a model that raises its exceptions has done so.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from marshmallow import ValidationError

from deepaas.errors import (
    DeepaasError,
    ModelError,
    ModelHttpError,
    OperationNotImplementedError,
)
from deepaas.model.legacy.validation import invalid_input
from deepaas.model.v2_libraries import HTTP_EXCEPTIONS

_WERKZEUG_EXCEPTIONS: Final = "werkzeug.exceptions"
_INTERNAL_SERVER_ERROR: Final = 500


def translate_exception(
    error: BaseException, *, model: str, operation: str
) -> DeepaasError | None:
    """Return our error for what a model raised, or None for an ordinary exception.

    The model's own exception is the cause of ours, so that a log shows both.

    Args:
        error: What the model raised.
        model: The model's name.
        operation: The operation's name.
    """
    translated = _translate(error, model=model, operation=operation)
    if translated is not None:
        translated.__cause__ = error
    return translated


def _translate(
    error: BaseException, *, model: str, operation: str
) -> DeepaasError | None:
    if isinstance(error, NotImplementedError):
        return OperationNotImplementedError(model, operation)
    if isinstance(error, ValidationError):
        return invalid_input(error)
    web_exceptions = sys.modules.get(HTTP_EXCEPTIONS)
    if web_exceptions and isinstance(error, web_exceptions.HTTPException):
        return _translate_http(error)
    werkzeug = sys.modules.get(_WERKZEUG_EXCEPTIONS)
    if werkzeug and isinstance(error, werkzeug.HTTPException):
        return _translate_werkzeug(error)
    return None


def _translate_http(error: Any) -> DeepaasError:
    status, detail = error.status, _http_detail(error)
    if 400 <= status <= 599:
        return ModelHttpError(detail, status=status)
    if status < 0:  # the base class itself, which many models raise
        return ModelHttpError(detail, status=_INTERNAL_SERVER_ERROR)
    return ModelError(
        f"The model raised {type(error).__name__} (status {status}), which is no "
        f"error; let predict return its result. It says: {detail}",
        exception=type(error).__name__,
    )


def _translate_werkzeug(error: Any) -> DeepaasError:
    status = error.code or _INTERNAL_SERVER_ERROR
    # The description may be any object: `BadRequest(exception)` is frequent.
    detail = str(error.description or "") or type(error).__name__
    return ModelHttpError(detail, status=status)


def _http_detail(error: Any) -> str:
    """Return what the model's author wrote, as reason or as the body's text."""
    reason = str(error) or type(error).__name__
    body = error.body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
    is_composed = text == f"{error.status}: {error.reason}"
    return reason if is_composed or not text else text
