"""Turns what models return into plain JSON values.

Published models return what their libraries gave them: numpy numbers, tensors, sets,
dates, bytes. 2.x answered 500 to most of it; here each becomes what its author meant,
and what has no meaning in JSON is named with its place in the result.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import os
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from deepaas.errors import BadOutputError
from deepaas.model.refusals import json_pointer

_ATOMS: Final = frozenset(
    {
        bool,
        datetime.date,
        datetime.datetime,
        datetime.time,
        datetime.timedelta,
        decimal.Decimal,
        float,
        int,
        str,
        type(None),
        uuid.UUID,
    }
)
"""What the encoder writes by itself; NaN and infinity it writes as null."""

_CONVERSIONS: Final = ("tolist", "numpy", "model_dump", "to_dict")
"""Methods by which arrays, tensors, series, tables and records turn themselves into
Python's own types: asked for by name, so that no library has to be imported."""

_Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value within the result."""

_KEY_CONSTANTS: Final = {True: "true", False: "false", None: "null"}

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def encode_json(value: Any) -> bytes:
    """Return `value` as JSON.

    Raises:
        BadOutputError: Something in it has no form in JSON.
    """
    try:
        return _encode(_plain(value, ()))
    except UnicodeEncodeError as error:
        raise BadOutputError(
            f"The result has a text that is no valid Unicode: {error}"
        ) from error
    except RecursionError as error:
        raise BadOutputError(
            "The result is nested too deeply, or contains itself."
        ) from error


def _plain(value: Any, place: _Place) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is list:
        return _plain_items(value, place)
    if isinstance(value, Mapping):
        return {
            key if type(key) is str else _plain_key(key, place): (
                one if type(one) in _ATOMS else _plain(one, (*place, str(key)))
            )
            for key, one in value.items()
        }
    return _plain_other(value, place)


def _plain_items(items: Collection[Any], place: _Place) -> Any:
    # Long lists are nearly always numbers, and this is what they cost.
    if _ATOMS.issuperset(map(type, items)):
        return items
    return [_plain(one, (*place, index)) for index, one in enumerate(items)]


def _plain_other(value: Any, place: _Place) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value, place)
    for atom in (str, int, float):
        if isinstance(value, atom):
            return atom(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _text(bytes(value))
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return _plain_object(value, place)


def _plain_object(value: Any, place: _Place) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return _plain({name: getattr(value, name) for name in names}, place)
    for name in _CONVERSIONS:
        if callable(convert := getattr(value, name, None)):
            return _plain(convert(), place)
    if isinstance(value, Collection) and not isinstance(value, type):
        return _plain_items(list(value), place)
    raise BadOutputError(
        f"The result{_at(place)} is of type {_name(type(value))}, which has no form in "
        "JSON; return numbers, texts, lists and dicts, or choose another media type "
        "with an `accept` argument."
    )


def _plain_key(key: Any, place: _Place) -> str:
    plain = _plain(key, place)
    if plain is None or isinstance(plain, bool):
        return _KEY_CONSTANTS[plain]
    if isinstance(plain, list | dict):
        raise BadOutputError(
            f"The result{_at(place)} is a dict with the key {key!r}, and keys in JSON "
            "are texts; use a text."
        )
    return str(plain)


def _at(place: _Place) -> str:
    return f" at {json_pointer(place)}" if place else ""


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def _text(content: bytes) -> str:
    """Return bytes as the text that they are, otherwise as base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode("ascii")
