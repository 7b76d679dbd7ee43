"""Arrays as arguments and results: `deepaas.Tensor` beside a numpy hint.

numpy belongs to the model. It is imported when a hint asks for it, and only then.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Optional, get_args

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from deepaas.model.openinference.datatypes import DATATYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_JSON_TYPES: Final = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
"""The JSON type of an element by numpy's kind of its dtype."""

TENSOR_KEYWORD: Final = "x-tensor"
"""What a JSON Schema has beside the nested arrays: datatype and shape, as the Open
Inference Protocol writes them."""

_STAND_INS: Final = {"bfloat16": "float32"}
"""What a model gets where numpy has no such dtype."""

_KINDS_OF_VALUES: Final = {"b": "b", "i": "iu", "u": "iu", "f": "iufb"}
"""Which kinds of values a dtype of a kind takes without a loss of meaning."""


@dataclass(frozen=True, slots=True, init=False)
class Tensor:
    """Says what a `numpy.ndarray` argument or result holds.

        def predict(
            batch: Annotated[
                np.ndarray, deepaas.Tensor("float32", (None, 3, 224, 224))
            ],
        ) -> list[Label]: ...

    Callers send nested JSON arrays, or binary tensors (Open Inference Protocol).

    Attributes:
        dtype: numpy's name of the element type: `float32`, `uint8`, `bool` …; or
            `bfloat16`, which numpy lacks, so that the model has float32.
        shape: The length of each dimension; None stands for any length. Without a
            shape, any number of dimensions will do.
    """

    dtype: str
    shape: tuple[int | None, ...] | None

    def __init__(self, dtype: str, shape: Sequence[int | None] | None = None) -> None:
        object.__setattr__(self, "dtype", dtype)
        object.__setattr__(self, "shape", None if shape is None else tuple(shape))

    def read(self, value: object) -> Any:
        """Return nested lists, or an array, as an array of this dtype and shape.

        Raises:
            ValueError: They are ragged, of another shape, or hold something else.
        """
        numpy = importlib.import_module("numpy")
        array: Any = value
        if not isinstance(value, numpy.ndarray) or array.dtype != self.held_dtype:
            array = self._as_array(numpy, value)
        if not self._fits(array.shape):
            raise ValueError(
                f"An array of shape {_shown(self.shape or ())} belongs here, "
                f"not one of shape {_shown(array.shape)}."
            )
        return array

    @property
    def held_dtype(self) -> str:
        """Numpy's name of what a model gets."""
        return _STAND_INS.get(self.dtype, self.dtype)

    def _as_array(self, numpy: Any, value: object) -> Any:
        dtype = numpy.dtype(self.held_dtype)
        try:
            array = plain_array(value, is_uint64=dtype.name == "uint64")
        except ValueError:
            raise ValueError("The nested arrays differ in length.") from None
        if array.size and array.dtype.kind not in _KINDS_OF_VALUES[dtype.kind]:
            raise ValueError(
                f"Each element has to be of type {_JSON_TYPES[dtype.kind]}."
            )
        _check_range(numpy, array, dtype)
        return array.astype(dtype, copy=False)

    def _fits(self, shape: tuple[int, ...]) -> bool:
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            wanted in (None, length)
            for wanted, length in zip(self.shape, shape, strict=True)
        )

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the nested arrays."""
        numpy = importlib.import_module("numpy")
        dtype = numpy.dtype(self.held_dtype)
        if self.shape is None:
            schema: dict[str, Any] = {"type": "array", "items": {}}
        else:
            schema = {"type": _JSON_TYPES[dtype.kind]}
            for length in reversed(self.shape):
                schema = {"type": "array", "items": schema}
                if length is not None:
                    schema |= {"minItems": length, "maxItems": length}
        datatype = DATATYPES.get(self.dtype if self.dtype in _STAND_INS else dtype.name)
        if datatype is not None:
            shape = (None,) if self.shape is None else self.shape
            lengths = [-1 if one is None else one for one in shape]
            schema[TENSOR_KEYWORD] = {"datatype": datatype, "shape": lengths}
        return schema

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Take the place of the array type that this annotates."""
        numpy = importlib.import_module("numpy")
        if numpy.dtype(self.held_dtype).kind not in _JSON_TYPES:
            raise TypeError(f"Tensor({self.dtype!r}): elements are numbers or booleans")
        served: Any = Annotated[
            Any,
            PlainValidator(self.read),
            PlainSerializer(_as_lists),
            WithJsonSchema(self.json_schema()),
        ]
        if type(None) in get_args(source):
            served = Optional[served]  # noqa: UP045  `|` is not for values
        return handler.generate_schema(served)


def plain_array(value: object, *, is_uint64: bool) -> Any:
    """Return nested lists as an array of the dtype that their elements have.

    Args:
        value: The lists.
        is_uint64: Whether uint64 is wanted. numpy alone makes floats of integers of
            which some need it and some do not.

    Raises:
        ValueError: They are ragged.
    """
    numpy = importlib.import_module("numpy")
    array = numpy.asarray(value)
    if is_uint64 and array.dtype.kind in "fO":
        objects = numpy.asarray(value, object)
        if all(type(one) is int and 0 <= one < 1 << 64 for one in objects.flat):
            return objects.astype("uint64")
    return array


def _check_range(numpy: Any, array: Any, dtype: Any) -> None:
    """Refuse numbers that the dtype cannot hold; numpy would let them wrap around."""
    if not array.size or dtype.kind == "b":
        return
    limits = numpy.iinfo(dtype) if dtype.kind in "iu" else numpy.finfo(dtype)
    if array.min() < limits.min or array.max() > limits.max:
        raise ValueError(f"A number is out of the range of {dtype}.")


def _as_lists(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _shown(shape: tuple[int | None, ...]) -> str:
    """Return a shape as people write it, `*` for any length."""
    return "(" + ", ".join("*" if one is None else str(one) for one in shape) + ")"
