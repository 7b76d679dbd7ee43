"""Errors that 2.x models raise: aiohttp's and marshmallow's, as ours.

aiohttp is never imported here: it costs 0.16 s, many models do without, and one that
raises its exceptions has imported it.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, Final

from marshmallow import ValidationError

from deepaas.errors import (
    DeepaasError,
    ModelError,
    ModelHttpError,
    OperationNotImplementedError,
)
from deepaas.model.legacy.validation import invalid_input

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_MODULE: Final = "aiohttp.web_exceptions"
_INTERNAL_SERVER_ERROR: Final = 500


def translate_exception(
    error: BaseException, *, model: str, operation: str
) -> DeepaasError | None:
    """Return our error for what a 2.x model raised, or None for an ordinary exception.

    Args:
        error: What the model raised.
        model: The model's name.
        operation: The operation's name.
    """
    if isinstance(error, NotImplementedError):
        return OperationNotImplementedError(model, operation)
    if isinstance(error, ValidationError):
        return invalid_input(error)
    web_exceptions = sys.modules.get(_MODULE)
    if web_exceptions and isinstance(error, web_exceptions.HTTPException):
        return _translate_http(error)
    return None


def allow_any_reason() -> None:
    """Make aiohttp's HTTP exceptions take any object or text as their `reason`.

    Most published models write `HTTPBadRequest(reason=error)`; today's aiohttp fails
    inside the constructor on an exception object and on line breaks. If aiohttp is
    not imported yet, the change waits for it.
    """
    module = sys.modules.get(_MODULE)
    if module is not None:
        _patch(module)
    elif not any(isinstance(finder, _PatchOnImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PatchOnImport())


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


def _http_detail(error: Any) -> str:
    """Return what the model's author wrote, as reason or as the body's text."""
    reason = str(error) or type(error).__name__
    text = error.text or ""
    is_composed = text == f"{error.status}: {error.reason}"
    return reason if is_composed or not text else text


# ------------------------------------------------------------------------- patch


def _patch(module: ModuleType) -> None:
    original = module.HTTPException.__init__
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def init(self: Any, *args: Any, reason: Any = None, **kwargs: Any) -> None:
        if reason is None:
            original(self, *args, **kwargs)
            return
        text = str(reason) or repr(reason)
        original(self, *args, reason=" ".join(text.split()), **kwargs)
        self.args = (text,)  # what str() gives, line breaks and all

    module.HTTPException.__init__ = init


class _PatchOnImport(MetaPathFinder):
    """Finds aiohttp's exceptions as everybody does, and has them patched."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader)
        return spec


class _PatchingLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _patch(module)
