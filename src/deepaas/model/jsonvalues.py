"""Results as JSON: whatever a model returns, and never anything that is not JSON.

Pydantic writes nearly everything in one pass of its core: what the return hint names,
dates, enums, dataclasses, numpy (through `tolist`), and null for numbers that JSON
does not know. Two things it would get wrong, so they take the longer way, where each
value is looked at: files, images and bytes inside a result, which become qualified
values, and results that cannot be written, where the error has to say what and where.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import BaseModel
from pydantic_core import from_json, to_json, to_jsonable_python

from deepaas.errors import BadOutputError
from deepaas.model.binaries import is_binary, read_binary
from deepaas.model.refusals import json_pointer

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_SEQUENCES: Final = (list, tuple, set, frozenset, deque)


class JsonWriter:
    """Writes results of one hint as JSON.

    Args:
        adapter: Of the return hint.
        may_hold_files: Whether the hint leaves room for files, images or bytes.
    """

    def __init__(self, adapter: TypeAdapter[Any], *, may_hold_files: bool) -> None:
        self._to_json = adapter.serializer.to_json
        self._may_hold_files = may_hold_files

    def write(self, value: Any) -> bytes:
        """Return `value` as JSON.

        Raises:
            BadOutputError: JSON cannot hold it; says where and why.
        """
        body = self._write_by_hint(value)
        return write_by_value(value) if body is None else body

    def _write_by_hint(self, value: Any) -> bytes | None:
        """Return `value` as JSON, or None where the hint is no help."""
        try:
            if self._may_hold_files and _holds_binary(value):
                return None
            body = self._to_json(
                value, by_alias=True, warnings=False, fallback=_fallback
            )
            # A pydantic model may be set up to write these words as numbers.
            if b"NaN" in body or b"Infinity" in body:
                from_json(body, allow_inf_nan=False)
        except Exception:  # noqa: BLE001  the hint, or code of the model, is at fault
            return None
        return body


def write_by_value(value: Any) -> bytes:
    """Return `value` as JSON, whatever was said of its type.

    Raises:
        BadOutputError: JSON cannot hold it; says where and why.
    """
    try:
        plain = _Plain().read(value, steps=())
        return to_json(plain, inf_nan_mode="null", fallback=_fallback)
    except RecursionError:
        raise BadOutputError("The result is nested too deeply for JSON.") from None
    except ValueError as error:
        raise BadOutputError(f"The result cannot be written as JSON: {error}") from None


def _fallback(value: Any) -> Any:
    """Return what pydantic can write for a value that it does not know."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if is_binary(value):
        return read_binary(value).qualified()
    raise TypeError(f"unknown type {type(value)}")


def _holds_binary(value: Any) -> bool:
    """Return whether a value is a file, an image or bytes, or holds one."""
    parts = _parts(value)
    if parts is None:
        return is_binary(value)
    # The types of a million numbers are collected faster than one is looked at.
    if _SCALARS.issuperset(map(type, parts)):
        return False
    return any(_holds_binary(part) for part in parts if type(part) not in _SCALARS)


def _parts(value: Any) -> Iterable[Any] | None:
    """Return what a value consists of, or None if it is not composed."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, _SEQUENCES):
        return value
    if isinstance(value, BaseModel):
        return vars(value).values()
    if _is_dataclass(value):
        return _members(value).values()
    return None


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _members(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


class _Plain:
    """Turns a result into what JSON knows, value by value, and knows where it is."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def read(self, value: Any, *, steps: tuple[str | int, ...]) -> Any:
        """Return `value`, which stands at `steps`, in terms of JSON."""
        if type(value) in _SCALARS and not isinstance(value, str):
            return value
        if is_binary(value):
            return read_binary(value).qualified()
        if id(value) in self._open:
            raise BadOutputError(f"The result{_at(steps)} contains itself.")
        self._open.add(id(value))
        try:
            return self._read_composed(value, steps=steps)
        finally:
            self._open.discard(id(value))

    def _read_composed(self, value: Any, *, steps: tuple[str | int, ...]) -> Any:
        if isinstance(value, BaseModel):
            value = _dumped(value, steps=steps)
        elif _is_dataclass(value):
            value = _members(value)
        if isinstance(value, Mapping):
            return {
                _key(key, steps=steps): self.read(part, steps=(*steps, str(key)))
                for key, part in value.items()
            }
        if isinstance(value, (*_SEQUENCES, range, Iterator)):
            return [
                self.read(part, steps=(*steps, index))
                for index, part in enumerate(value)
            ]
        return _leaf(value, steps=steps)


def _dumped(value: BaseModel, *, steps: tuple[str | int, ...]) -> Any:
    """Return the members of a pydantic model, as its own serialisers make them."""
    try:
        return value.model_dump(by_alias=True, warnings=False)
    except Exception as error:  # noqa: BLE001  code of the model's author
        _refuse(value, steps=steps, because=error)


def _key(key: Any, *, steps: tuple[str | int, ...]) -> str:
    if type(key) is str:
        _leaf(key, steps=steps)
        return key
    try:
        (text,) = to_jsonable_python({key: None}, fallback=_fallback)
    except Exception as error:  # noqa: BLE001  any object may be a key
        _refuse(key, steps=steps, because=error)
    return str(text)


def _leaf(value: Any, *, steps: tuple[str | int, ...]) -> Any:
    try:
        to_json(value, fallback=_fallback)
    except Exception as error:  # noqa: BLE001  any object may be in a result
        _refuse(value, steps=steps, because=error)
    return value


def _refuse(
    value: Any, *, steps: tuple[str | int, ...], because: Exception
) -> NoReturn:
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    reason = f"is of type {kind.removeprefix('builtins.')}, which has no form in JSON"
    if isinstance(value, str):
        reason = "is text that is not valid Unicode"
    raise BadOutputError(
        f"The result{_at(steps)} {reason}; return numbers, text, lists, dictionaries, "
        "dataclasses, pydantic models, arrays, files or images."
    ) from because


def _at(steps: tuple[str | int, ...]) -> str:
    return f" at {json_pointer(steps)}" if steps else ""
