"""Arguments of a call as plain JSON, for people who look at a job later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_jsonable_python

from deepaas.model.files import File
from deepaas.model.job import Job, Version

_LONGEST_TEXT: Final = 1000
_MOST_ITEMS: Final = 100
_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**64 - 1


def shown_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments, without those that we fill in, as JSON can hold them.

    A file is shown by its name, what is very long is cut.
    """
    return {
        name: _shown(value)
        for name, value in arguments.items()
        if not isinstance(value, Job | Version)
    }


def _shown(value: Any) -> Any:
    if hasattr(value, "original_filename"):  # an UploadedFile of 2.x, as 2.x shows it
        return [value.name, value.content_type, value.original_filename]
    if isinstance(value, File):
        return {"filename": value.filename, "mediaType": value.content_type}
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_MOST_ITEMS]
        return {str(key): _shown(part) for key, part in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(part) for part in list(value)[:_MOST_ITEMS]]
    return _plain(value)


def _plain(value: Any) -> Any:
    if getattr(value, "shape", None) == ():  # a scalar of numpy
        value = value.item()
    try:
        plain = to_jsonable_python(value, inf_nan_mode="null")
    except Exception:  # noqa: BLE001 - the value's own code may raise anything
        return _text(value)
    if isinstance(plain, str):
        return _cut(plain)
    if isinstance(plain, dict | list):
        return _shown(plain)
    # Records hold no larger ones, and many readers of JSON do not either.
    is_large = isinstance(plain, int) and not _INT_MIN <= plain <= _INT_MAX
    return _text(plain) if is_large else plain


def _text(value: Any) -> str:
    try:
        return _cut(str(value))
    except Exception:  # noqa: BLE001 - as above
        return type(value).__name__


def _cut(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
