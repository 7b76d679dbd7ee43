"""Reads large arrays of numbers out of a JSON body without making lists of them.

simdjson copies the numbers of nested arrays straight into one buffer, which takes a
third of the time of a list of Python's numbers and an array made of that. It is an
optional dependency (extra `numpy`), and does only what is plain: whatever it or the
checks here do not like is left to the longer way, which also finds the words for what
is wrong.
"""

from __future__ import annotations

import functools
import importlib
import math
from typing import TYPE_CHECKING, Any, Final, get_args

from deepaas.model.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGE_BYTES: Final = 1 << 14
"""Smaller bodies gain nothing."""

_FLOATS: Final = ("float64", "float32", "float16")


def dimensions(hint: Any) -> int:
    """Return how many dimensions an array of floats has by its hint, or 0."""
    for extra in get_args(hint)[1:]:
        if isinstance(extra, Tensor) and extra.shape and extra.dtype in _FLOATS:
            return len(extra.shape)
    return 0


def read_members(body: bytes, arrays: Mapping[str, int]) -> dict[str, Any] | None:
    """Return the members of a JSON object, some of them as arrays.

    Args:
        body: The object.
        arrays: The members that are arrays of floats, with their dimensions.

    Returns:
        The members, arrays of float64 among them; or None where a longer way has to
        decide.
    """
    simdjson = _simdjson()
    if simdjson is None:
        return None
    try:
        document = simdjson.Parser().parse(body)
        return _members(document, arrays, body) if _is_object(document) else None
    except (ValueError, TypeError, KeyError):
        return None


def read_numbers(body: bytes) -> Any:
    """Return a large JSON array of numbers, in one row, as an array of float64.

    Args:
        body: The array.

    Returns:
        The array; or None where a longer way has to decide.
    """
    simdjson = _simdjson() if len(body) >= LARGE_BYTES else None
    if simdjson is None or _brackets(body) != 1:
        return None
    try:
        content = simdjson.Parser().parse(body).as_buffer(of_type="d")
    except (ValueError, TypeError, AttributeError):
        return None
    return importlib.import_module("numpy").frombuffer(content)


def _is_object(document: Any) -> bool:
    return hasattr(document, "as_dict")


def _members(
    document: Any, arrays: Mapping[str, int], body: bytes
) -> dict[str, Any] | None:
    names = list(document.keys())
    if len(set(names)) != len(names):
        return None
    members: dict[str, Any] = {}
    opened = 0
    for name in names:
        value = document[name]
        if name in arrays and hasattr(value, "as_buffer"):
            found = _array(value, arrays[name])
            if found is None:
                return None
            members[name], brackets = found
            opened += brackets
        else:
            members[name] = value.as_dict() if _is_object(value) else value
    # Any other bracket is an element that is no number, or a list elsewhere.
    return members if _brackets(body) == opened else None


def _brackets(body: bytes) -> int:
    """Return how many lists are opened; `bytes.count` takes four times as long."""
    numpy = importlib.import_module("numpy")
    return int(numpy.count_nonzero(numpy.frombuffer(body, "uint8") == ord("[")))


def _array(outer: Any, dimensions: int) -> tuple[Any, int] | None:
    """Return nested arrays of one length each as one, and how many they are."""
    numpy = importlib.import_module("numpy")
    level = [outer]
    shape = []
    brackets = 0
    while True:
        brackets += len(level)
        shape.append(len(level[0]))
        if any(len(one) != shape[-1] for one in level):
            return None
        if len(shape) == dimensions:
            break
        level = [inner for one in level for inner in one]
        if not level:
            return None
    numbers = numpy.frombuffer(outer.as_buffer(of_type="d"))
    if len(numbers) != math.prod(shape):
        return None
    return numbers.reshape(shape), brackets


@functools.cache
def _simdjson() -> Any:
    try:
        return importlib.import_module("simdjson")
    except ImportError:
        return None
