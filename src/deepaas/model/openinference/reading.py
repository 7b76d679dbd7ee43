"""Makes the arguments of an operation of the tensors of a request.

An array lies in the memory into which the body was received, unless that is misaligned
or read-only: a model may change what it gets. All else becomes plain values, for which
no model needs numpy.
"""

from __future__ import annotations

import base64
import importlib
import itertools
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas.errors import InvalidInputError, MalformedBodyError
from deepaas.model.arguments import Inputs
from deepaas.model.execution import as_form
from deepaas.model.inputs import parse_json
from deepaas.model.interface import LEGACY_KINDS
from deepaas.model.openinference.datatypes import BYTES, NUMERIC, RANGES, count, unpack
from deepaas.model.tensor_json import read_numbers
from deepaas.model.tensors import plain_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.model.arguments import Argument
    from deepaas.model.openinference.request import Input, Request, Tensors
    from deepaas.model.openinference.specs import TensorSpec


_FLOATS: Final = frozenset({"FP32", "FP64"})


def read_tensors(
    request: Request,
    specs: Mapping[str, TensorSpec],
    *,
    arguments: Sequence[Argument],
    kind: str,
) -> Inputs:
    """Return the inputs of a request where the operation's signature finds them.

    Must be called within `deepaas.model.files.use_folder`.

    Args:
        request: What was asked; its tensors are read here.
        specs: The inputs that there are, by name.
        arguments: Of the operation.
        kind: `native`, `v2` or `v1`; those of 2.x and 2018 take files only from a form.

    Raises:
        InvalidInputError: An input is unknown, or not what it should be.
    """
    values: dict[str, Any] = {}
    for one, size in zip(request.inputs, request.sizes, strict=True):
        spec = specs.get(one.name)
        if spec is None:
            known = ", ".join(specs) or "none"
            raise InvalidInputError(f"There is no input {one.name!r}; known: {known}.")
        if one.name in values:
            raise InvalidInputError(f"Input {one.name!r} is there twice.")
        if one.datatype != spec.datatype:
            raise InvalidInputError(
                f"Input {one.name!r} has to be {spec.datatype}, not {one.datatype}."
            )
        values[one.name] = _value(one, spec, size=size, tensors=request.tensors)
    if kind in LEGACY_KINDS:
        return as_form(values, {one.name: one for one in arguments})
    return Inputs(json=values)


def _value(one: Input, spec: TensorSpec, *, size: int | None, tensors: Tensors) -> Any:
    if spec.form == "array":
        if size is None:
            return _listed_array(one)
        return _read_array(one, tensors.take(size))
    elements = _flat(one) if size is None else _unpacked(one, tensors.take(size))
    if spec.form == "file":
        elements = [_content(one, element) for element in elements]
    elif one.datatype == BYTES:
        elements = [_text(one, element) for element in elements]
    if spec.form == "json":
        return _json(one, _only(one, elements))
    return _only(one, elements) if spec.is_scalar else _nested(one, spec, elements)


# ---------------------------------------------------------------------- arrays


def _read_array(one: Input, content: memoryview) -> Any:
    numpy = importlib.import_module("numpy")
    is_bf16 = one.datatype == "BF16"
    dtype = numpy.dtype("uint16" if is_bf16 else NUMERIC[one.datatype].dtype)
    array = _shaped(one, numpy.frombuffer(content, dtype.newbyteorder("<")))
    if not (array.flags.aligned and array.flags.writeable):
        array = array.copy()
    if is_bf16:  # the upper half of a float32
        return (array.astype("uint32") << 16).view("float32")
    if one.datatype == "BOOL" and array.size and array.view("uint8").max() > 1:
        raise InvalidInputError(
            f"Input {one.name!r} has bytes that are neither 0 nor 1."
        )
    return array


def _listed_array(one: Input) -> Any:
    """Return the data of an input that is in the JSON as an array."""
    if one.datatype in _FLOATS and one.data is not msgspec.UNSET:
        numbers = read_numbers(bytes(one.data))
        if numbers is not None:
            _check_count(one, len(numbers))
            return _shaped(one, numbers)
    array = plain_array(_flat(one), is_uint64=one.datatype == "UINT64")
    return _shaped(one, array)  # later it is seen whether its dtype can be


def _shaped(one: Input, array: Any) -> Any:
    """Return an array in the shape that its input states; it has as many elements."""
    try:
        return array.reshape(one.shape)
    except (ValueError, OverflowError) as error:  # nothing in it, but far too long
        raise InvalidInputError(
            f"Input {one.name!r} cannot have shape {one.shape}: {error}."
        ) from None


# ---------------------------------------------------------------- plain values


def _flat(one: Input) -> list[Any]:
    """Return the data of an input that is in the JSON, nested or not, row by row."""
    elements = None if one.data is msgspec.UNSET else msgspec.json.decode(one.data)
    if not isinstance(elements, list):
        raise InvalidInputError(f"The data of input {one.name!r} has to be a list.")
    while elements and all(isinstance(part, list) for part in elements):
        if len(set(map(len, elements))) > 1:
            raise InvalidInputError(
                f"The rows of the data of input {one.name!r} differ in length."
            )
        elements = list(itertools.chain.from_iterable(elements))
    allowed = {str} if one.datatype == BYTES else NUMERIC[one.datatype].json_types
    if not allowed:
        raise InvalidInputError(
            f"Input {one.name!r} is {one.datatype}, which has no form in JSON; send it "
            "as a binary tensor."
        )
    if not allowed.issuperset(map(type, elements)):
        raise InvalidInputError(
            f"The data of input {one.name!r} has elements that are no {one.datatype}."
        )
    _check_count(one, len(elements))
    if elements and one.datatype in RANGES:
        least, most = RANGES[one.datatype]
        if min(elements) < least or max(elements) > most:
            raise InvalidInputError(
                f"The data of input {one.name!r} is out of the range of {one.datatype}."
            )
    return elements


def _unpacked(one: Input, content: memoryview) -> list[Any]:
    try:
        elements = unpack(one.datatype, bytes(content))
    except ValueError as error:
        raise InvalidInputError(f"Input {one.name!r} {error}.") from None
    _check_count(one, len(elements))
    return elements


def _check_count(one: Input, number: int) -> None:
    if number != count(one.shape):
        raise InvalidInputError(
            f"Input {one.name!r} has {number} elements, but shape {one.shape} has "
            f"{count(one.shape)}."
        )


def _only(one: Input, elements: list[Any]) -> Any:
    if len(elements) != 1:
        raise InvalidInputError(
            f"Input {one.name!r} has to have shape [1], not {one.shape}."
        )
    return elements[0]


def _nested(one: Input, spec: TensorSpec, elements: list[Any]) -> list[Any]:
    if len(one.shape) != len(spec.shape):
        raise InvalidInputError(
            f"Input {one.name!r} has to have shape {list(spec.shape)}, where -1 is any "
            f"length, not {one.shape}."
        )
    for length in reversed(one.shape[1:]):
        rows = len(elements) // length if length else 0
        elements = [elements[row * length : (row + 1) * length] for row in range(rows)]
    if len(elements) != one.shape[0]:  # there could be more of them than memory
        raise InvalidInputError(f"Input {one.name!r} has rows without elements.")
    return elements


def _content(one: Input, element: bytes | str) -> bytes:
    """Return a file's content: bytes, a text, or base64 where the input says so.

    That is MLServer's way to send bytes within JSON.
    """
    if isinstance(element, bytes):
        return element
    if (one.parameters or {}).get("content_type") != "base64":
        return element.encode()
    try:
        return base64.b64decode(element, validate=True)
    except ValueError as error:  # not ASCII, or not base64
        raise InvalidInputError(f"Input {one.name!r} is no base64: {error}.") from None


def _text(one: Input, element: bytes | str) -> str:
    if isinstance(element, str):
        return element
    try:
        return element.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"Input {one.name!r} is no text: {error}.") from None


def _json(one: Input, text: str) -> Any:
    try:
        return parse_json(text.encode())
    except (MalformedBodyError, UnicodeEncodeError) as error:
        raise InvalidInputError(
            f"Input {one.name!r} has to be JSON text: {error}"
        ) from None
