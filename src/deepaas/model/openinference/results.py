"""Makes tensors of what a model has returned."""

from __future__ import annotations

import importlib
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from deepaas.errors import BadOutputError, InvalidInputError
from deepaas.model.jsonvalues import write_by_value
from deepaas.model.openinference.datatypes import BYTES, NUMERIC, pack
from deepaas.model.openinference.specs import JSON
from deepaas.model.results import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deepaas.model.openinference.specs import TensorSpec
    from deepaas.model.results import ResultCodec

_NUMBERS: Final[dict[str, Callable[[Any], Any]]] = {
    "BOOL": bool,
    "INT64": operator.index,
    "FP64": float,
}
"""What makes a number of each datatype that plain results have."""

_QUIET_NAN: Final = 0x7FC0


class Tensor(Protocol):
    """The value of an output."""

    @property
    def spec(self) -> TensorSpec:
        """Of the output."""

    @property
    def shape(self) -> Sequence[int]:
        """The length of each dimension."""

    @property
    def media_type(self) -> str:
        """What its one element is, where that is content of its own; or empty."""

    def raw(self) -> bytes | memoryview:
        """Return its bytes.

        Raises:
            BadOutputError: A value does not fit the datatype.
        """

    def listed(self) -> list[Any]:
        """Return its elements as JSON has them.

        Raises:
            InvalidInputError: JSON cannot hold them.
        """


def tensors_of(
    result: Any, outputs: Sequence[TensorSpec], *, codec: ResultCodec, media_type: str
) -> Iterator[Tensor]:
    """Yield the outputs of a result; a member that is None is left out.

    Args:
        result: What the model has returned.
        outputs: Those that are wanted.
        codec: Encodes results that are neither arrays nor numbers.
        media_type: What the codec has chosen.

    Raises:
        BadOutputError: The result is not what its hint says.
    """
    for spec in outputs:
        value = _member(result, spec.name) if spec.is_member else result
        if spec.form == "array":
            if value is not None or not spec.is_member:
                yield _array(spec, value)
        elif spec.datatype in _NUMBERS:
            yield _Values(spec, _numbers(spec, value))
        elif spec.is_member:
            yield _content(spec, Encoded(media_type=JSON, body=write_by_value(value)))
        else:
            yield _content(spec, codec.encode_bare(value, media_type))


def _member(result: Any, name: str) -> Any:
    try:
        return result[name] if isinstance(result, Mapping) else getattr(result, name)
    except (KeyError, AttributeError):
        return None


# ---------------------------------------------------------------------- arrays


@dataclass(frozen=True, slots=True)
class _Array:
    spec: TensorSpec
    array: Any
    media_type: str = ""

    @property
    def shape(self) -> Sequence[int]:
        return tuple(self.array.shape)

    def raw(self) -> memoryview:
        array = self.array.reshape(-1)
        if self.spec.datatype == "BF16":
            array = _bfloat16(array)
        content: memoryview = array.view("uint8").data
        return content

    def listed(self) -> list[Any]:
        numpy = importlib.import_module("numpy")
        _check_listed(self.spec, is_finite=bool(numpy.isfinite(self.array).all()))
        elements: list[Any] = self.array.reshape(-1).tolist()
        return elements


def _array(spec: TensorSpec, value: Any) -> _Array:
    numpy = importlib.import_module("numpy")
    name = "float32" if spec.datatype == "BF16" else NUMERIC[spec.datatype].dtype
    dtype = numpy.dtype(name).newbyteorder("<")
    try:
        found = numpy.asarray(value)
    except Exception as error:
        raise BadOutputError(
            f"The output {spec.name!r} is no array: {error}"
        ) from error
    if not numpy.can_cast(found.dtype, dtype, "same_kind"):
        raise BadOutputError(
            f"The output {spec.name!r} is of dtype {found.dtype}, where its hint says "
            f"{name}."
        )
    return _Array(spec, numpy.asarray(found, dtype, order="C"))


def _bfloat16(array: Any) -> Any:
    """Return float32 as the upper halves of their bits, rounded to the nearest."""
    numpy = importlib.import_module("numpy")
    bits = array.view("uint32")
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return numpy.where(numpy.isnan(array), _QUIET_NAN, rounded).astype("<u2")


# ---------------------------------------------------------------- plain values


@dataclass(frozen=True, slots=True)
class _Values:
    spec: TensorSpec
    values: list[Any]
    media_type: str = ""

    @property
    def shape(self) -> Sequence[int]:
        return (len(self.values),)

    def raw(self) -> bytes:
        try:
            return pack(self.spec.datatype, self.values)
        except ValueError as error:
            raise BadOutputError(f"The output {self.spec.name!r} {error}.") from None

    def listed(self) -> list[Any]:
        if self.spec.datatype == BYTES:
            return [_text(self.spec, one) for one in self.values]
        self.raw()  # JSON would take integers of any size
        _check_listed(self.spec, is_finite=all(map(math.isfinite, self.values)))
        return self.values


def _numbers(spec: TensorSpec, value: Any) -> list[Any]:
    plain = value.tolist() if hasattr(value, "tolist") else value
    try:
        return list(
            map(_NUMBERS[spec.datatype], [plain] if spec.is_scalar else list(plain))
        )
    except (TypeError, ValueError) as error:
        raise BadOutputError(
            f"The output {spec.name!r} is not the {spec.datatype} that its hint says: "
            f"{error}."
        ) from error


def _content(spec: TensorSpec, encoded: Encoded) -> _Values:
    content = encoded.content()
    if spec.form != "values":
        return _Values(spec, [content], encoded.media_type)
    wanted: Any = str if spec.is_scalar else list[str]
    try:
        texts = msgspec.json.decode(content, type=wanted)
    except msgspec.DecodeError as error:
        raise BadOutputError(
            f"The output {spec.name!r} is not the text that its hint says: {error}."
        ) from None
    return _Values(
        spec, [one.encode() for one in ([texts] if spec.is_scalar else texts)]
    )


# ------------------------------------------------------------------------ JSON


def _check_listed(spec: TensorSpec, *, is_finite: bool) -> None:
    reason = ""
    if not NUMERIC[spec.datatype].json_types:
        reason = f"is {spec.datatype}, which has no form in JSON"
    elif not is_finite:
        reason = "has numbers that JSON does not know (NaN or infinity)"
    if reason:
        raise _binary_only(spec, reason)


def _text(spec: TensorSpec, element: bytes) -> str:
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise _binary_only(spec, "is no text") from None


def _binary_only(spec: TensorSpec, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"The output {spec.name!r} {reason}; ask for it as bytes, with the parameter "
        "`binary_data`."
    )
