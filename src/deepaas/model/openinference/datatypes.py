"""The tensor datatypes of the Open Inference Protocol.

A plain value is written and read with `struct`, an array with numpy, which only models
with arrays have. Both are little-endian on the wire.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BYTES: Final = "BYTES"

_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Datatype:
    """How the elements of a tensor are written.

    Attributes:
        code: One of them, for `struct`; of BF16 it is its bits.
        dtype: numpy's name of them.
        json_types: What stands for one in JSON; empty where nothing does.
    """

    code: str
    dtype: str
    json_types: frozenset[type] = frozenset()

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return struct.calcsize(f"<{self.code}")


_TRUTH: Final = frozenset({bool})
_WHOLE: Final = frozenset({int})
_REAL: Final = frozenset({int, float})

NUMERIC: Final = {
    "BOOL": Datatype("?", "bool", _TRUTH),
    "INT8": Datatype("b", "int8", _WHOLE),
    "INT16": Datatype("h", "int16", _WHOLE),
    "INT32": Datatype("i", "int32", _WHOLE),
    "INT64": Datatype("q", "int64", _WHOLE),
    "UINT8": Datatype("B", "uint8", _WHOLE),
    "UINT16": Datatype("H", "uint16", _WHOLE),
    "UINT32": Datatype("I", "uint32", _WHOLE),
    "UINT64": Datatype("Q", "uint64", _WHOLE),
    "FP16": Datatype("e", "float16"),
    "BF16": Datatype("H", "bfloat16"),
    "FP32": Datatype("f", "float32", _REAL),
    "FP64": Datatype("d", "float64", _REAL),
}
"""All but BYTES, whose elements have no size of their own. The standard knows no form
of 16-bit floats in JSON."""

RANGES: Final = {
    "INT64": (-(1 << 63), (1 << 63) - 1),
    "UINT64": (0, (1 << 64) - 1),
}
"""Least and most of the integers that are not checked later, when they have a dtype."""

DATATYPES: Final = {one.dtype: name for name, one in NUMERIC.items()}
"""The datatype by numpy's name of it."""


def pack(datatype: str, values: Sequence[Any]) -> bytes:
    """Return plain values as a tensor's bytes.

    Raises:
        ValueError: One of them does not fit.
    """
    if datatype == BYTES:
        return b"".join(_LENGTH.pack(len(one)) + one for one in values)
    try:
        return struct.pack(f"<{len(values)}{NUMERIC[datatype].code}", *values)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"is no {datatype}: {error}") from None


def unpack(datatype: str, content: bytes) -> list[Any]:
    """Return a tensor's bytes as plain values.

    Raises:
        ValueError: The bytes are not whole elements.
    """
    if datatype == BYTES:
        return list(_texts(content))
    kind = NUMERIC[datatype]
    return list(struct.unpack(f"<{len(content) // kind.size}{kind.code}", content))


def _texts(content: bytes) -> Iterator[bytes]:
    start, end = 0, len(content)
    while start < end:
        start += _LENGTH.size
        if start > end:
            raise ValueError("ends within the length of an element")
        size = _LENGTH.unpack_from(content, start - _LENGTH.size)[0]
        if size > end - start:
            raise ValueError("ends within an element")
        yield content[start : start + size]
        start += size


def count(shape: Iterable[int]) -> int:
    """Return how many elements a tensor of a shape has."""
    product = 1
    for length in shape:
        product *= length
    return product
