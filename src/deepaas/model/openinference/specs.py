"""Which tensors an operation takes and gives, by the JSON Schemas of both.

| A model's | is a tensor |
| --- | --- |
| array with `deepaas.Tensor` | of its dtype and shape |
| `float`, `int`, `bool` | FP64, INT64, BOOL `[1]` |
| `str` and what is written as text | BYTES `[1]` |
| file, image, `bytes` | BYTES `[1]` |
| list of one of these | the same, `[-1]` for each level of it |
| anything else | BYTES `[1]`, JSON text |

An argument is an input of its name. A result is the output `predictions`; an object
with arrays in it is an output for each of its members.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from deepaas.model.files import FILE_SCHEMA
from deepaas.model.interface import LEGACY_KINDS
from deepaas.model.openinference.datatypes import BYTES
from deepaas.model.schemas import Schema, SchemaReader
from deepaas.model.tensors import TENSOR_KEYWORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deepaas.model.arguments import Argument

ONLY_OUTPUT: Final = "predictions"

JSON: Final = "application/json"

Form = Literal["array", "values", "file", "json"]

_DATATYPES: Final = {
    frozenset({"boolean"}): "BOOL",
    frozenset({"integer"}): "INT64",
    frozenset({"number"}): "FP64",
    frozenset({"integer", "number"}): "FP64",
    frozenset({"string"}): BYTES,
}
"""The datatype of plain values by their JSON types."""

_NOT_SENT: Final = frozenset({"header", "cookie", "path"})
"""Where arguments of 2.x models are that the request itself carries."""

_SCALAR: Final = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One tensor of an operation.

    Attributes:
        name: Of the argument, or of the member of the result.
        datatype: As the protocol calls it.
        shape: -1 stands for any length.
        form: What it is to the model.
        is_optional: Whether a request may leave it out.
        is_member: Whether it is a member of the result, not the result itself.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    form: Form
    is_optional: bool = False
    is_member: bool = False

    @property
    def is_scalar(self) -> bool:
        """Whether it holds one plain value."""
        return self.form != "array" and self.shape == _SCALAR

    def document(self) -> dict[str, Any]:
        """Return it as metadata show it."""
        document: dict[str, Any] = {
            "name": self.name,
            "datatype": self.datatype,
            "shape": list(self.shape),
        }
        if self.form == "json":
            document["parameters"] = {"content_type": JSON}
        if self.is_optional:
            document["optional"] = True
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTensors:
    """The tensors of an operation, by name."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


def operation_tensors(  # noqa: PLR0913 - all of it decides
    arguments: Iterable[Argument],
    *,
    definitions: Mapping[str, Schema],
    result_schema: Schema | None,
    media_types: Sequence[str],
    is_streaming: bool,
    kind: str,
) -> OperationTensors:
    """Return the tensors of an operation.

    Args:
        arguments: What it takes.
        definitions: What the schemas of arguments and result refer to.
        result_schema: Of its result as JSON, or None if unknown.
        media_types: What the result can be sent as; the first is the default.
        is_streaming: Whether it comes in pieces, which are then sent as one JSON array.
        kind: `native`, `v2` or `v1`; nobody has said what the latter two return.
    """
    ask = SchemaReader(definitions)
    inputs = {
        one.name: _spec(one.name, one.schema, ask=ask, is_optional=not one.required)
        for one in arguments
        if one.location not in _NOT_SENT
    }
    if media_types[0] != JSON and not is_streaming:
        outputs = _only("file")
    elif is_streaming or kind in LEGACY_KINDS or result_schema is None:
        outputs = _only("json")
    else:
        outputs = _outputs(result_schema, ask=ask)
    return OperationTensors(inputs=inputs, outputs=outputs)


def _outputs(schema: Schema, *, ask: SchemaReader) -> dict[str, TensorSpec]:
    choices = ask.choices(schema)
    members = {
        name: replace(_result_spec(name, member, ask=ask), is_member=True)
        for name, member in (choices[0] if len(choices) == 1 else {})
        .get("properties", {})
        .items()
    }
    if any(one.form == "array" for one in members.values()):
        return members
    return {ONLY_OUTPUT: _result_spec(ONLY_OUTPUT, schema, ask=ask)}


def _only(form: Form) -> dict[str, TensorSpec]:
    spec = TensorSpec(name=ONLY_OUTPUT, datatype=BYTES, shape=_SCALAR, form=form)
    return {ONLY_OUTPUT: spec}


def _result_spec(name: str, schema: Schema, *, ask: SchemaReader) -> TensorSpec:
    """Return the spec of a result; lists of lists may differ in length, so are JSON."""
    spec = _spec(name, schema, ask=ask, is_optional=False)
    if spec.form == "values" and len(spec.shape) > 1:
        return _json(name, is_optional=False)
    return spec


def _spec(
    name: str, schema: Schema, *, ask: SchemaReader, is_optional: bool
) -> TensorSpec:
    choices = [one for one in ask.choices(schema) if one.get("type") != "null"]
    is_nullable = "null" in ask.types(schema)
    if is_nullable and not is_optional and not _is_array(choices):
        return _json(name, is_optional=is_optional)  # text has a word for null
    found = _array(choices[0]) if _is_array(choices) else _plain(choices, ask)
    if found is None:
        return _json(name, is_optional=is_optional)
    datatype, shape, form = found
    return TensorSpec(
        name=name, datatype=datatype, shape=shape, form=form, is_optional=is_optional
    )


def _json(name: str, *, is_optional: bool) -> TensorSpec:
    return TensorSpec(
        name=name, datatype=BYTES, shape=_SCALAR, form="json", is_optional=is_optional
    )


_Found = tuple[str, tuple[int, ...], Form]


def _is_array(choices: Sequence[Schema]) -> bool:
    return len(choices) == 1 and TENSOR_KEYWORD in choices[0]


def _array(schema: Schema) -> _Found:
    said = schema[TENSOR_KEYWORD]
    return said["datatype"], tuple(said["shape"]), "array"


def _plain(choices: Sequence[Schema], ask: SchemaReader) -> _Found | None:
    """Return what holds plain values or files, or lists of them."""
    shape: tuple[int, ...] = ()
    while len(choices) == 1 and "items" in choices[0]:
        shape += (-1,)
        choices = ask.choices(choices[0]["items"])
    if choices and all(_is_file(one) for one in choices):
        return (BYTES, shape or _SCALAR, "file") if len(shape) <= 1 else None
    if any(_is_file(one) for one in choices):
        return None
    types = frozenset().union(*(ask.types(one) for one in choices))
    datatype = _DATATYPES.get(types)
    return (datatype, shape or _SCALAR, "values") if datatype else None


def _is_file(schema: Schema) -> bool:
    return schema.get("format") == FILE_SCHEMA["format"]
