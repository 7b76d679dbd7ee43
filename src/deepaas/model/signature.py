"""Type hints → a `Signature`: the arguments of native models.

Everything is compiled when the model is loaded. From then on a call with a JSON body is
a single step of pydantic's core, from bytes to keyword arguments; nothing is looked up
or built for each request. Only calls with a query string or a form take the longer
way, where text is first read as what the argument's schema wants.

In JSON a value has to be of its JSON type, as the documents say: `"3"` and `true` are
no integers. In a query or form, where all is text, pydantic's lax rules apply.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from deepaas.errors import SignatureError
from deepaas.model.arguments import Inputs, Signature
from deepaas.model.batch_items import batch_item, compile_item, is_validating
from deepaas.model.docstrings import argument_descriptions
from deepaas.model.hints import HintError, underlying
from deepaas.model.inputs import (
    json_members,
    parse_json,
    text_members,
    with_whole_numbers,
)
from deepaas.model.interface import batch_settings
from deepaas.model.parameters import (
    compile_parameters,
    describe_arguments,
    field_parameters,
    function_parameters,
)
from deepaas.model.refusals import field_errors, invalid_input
from deepaas.model.tensor_json import LARGE_BYTES, dimensions, read_members
from deepaas.model.textvalues import text_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic.config import ExtraValues

    from deepaas.model.parameters import Compiled, Parameter

BATCH_ITEM: Final = "item"
"""The one keyword that binding a batched operation gives: the caller's item."""


def read_signature(
    function: Callable[..., Any], *, model: str, operation: str
) -> NativeSignature:
    """Return the signature that the type hints of `function` describe.

    Args:
        function: A function, bound method or other callable.
        model: The model's name, for the error.
        operation: What the function is: `predict`, `train` or `validate`.

    Raises:
        SignatureError: A hint cannot be served; says which one and what to write.
    """
    read = _read_batched if batch_settings(function) else _read_plain
    try:
        return read(function)
    except HintError as error:
        reason = f"{operation}({error.place}): {error.reason}."
        raise SignatureError(model, reason) from error.__cause__


class NativeSignature(Signature):
    """The arguments of an operation, by its type hints.

    Args:
        compiled: All arguments as one object.
        keywords: Their names in Python, in the order of the schema.
        descriptions: What the docstring says of them.
        extra: What pydantic does with unknown arguments, where `compiled` does not
            know it.
        finish: Makes keyword arguments of a validated object, where these are not the
            same.
        arrays: The arguments that are arrays of floats, with their dimensions.
    """

    def __init__(  # noqa: PLR0913 - each by its name
        self,
        compiled: Compiled,
        *,
        keywords: Sequence[str],
        descriptions: Mapping[str, str],
        extra: ExtraValues | None = None,
        finish: Callable[[Any], dict[str, Any]] | None = None,
        arrays: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.arguments = describe_arguments(
            compiled.schema, keywords=keywords, descriptions=descriptions
        )
        self.definitions = compiled.schema.get("$defs", {})
        self._validator = compiled.adapter.validator
        self._extra = extra
        self._finish = finish
        self._arrays = arrays
        self._names = [one.name for one in self.arguments]
        self._readers = {
            one.name: text_reader(one.schema, definitions=self.definitions)
            for one in self.arguments
        }

    def bind(self, inputs: Inputs) -> dict[str, Any]:
        """Validate `inputs` and return the keyword arguments for the function."""
        if not inputs.raw_json or inputs.query or inputs.form:
            validated = self._validate_members(inputs)
        else:
            validated = self._validate_body(inputs.raw_json)
        return validated if self._finish is None else self._finish(validated)

    def _validate_body(self, raw: bytes | memoryview) -> Any:
        body = raw if isinstance(raw, bytes) else bytes(raw)
        if self._arrays and len(body) >= LARGE_BYTES:
            members = read_members(body, self._arrays)
            if members is not None:
                with suppress(ValidationError):  # Python's dates and the like
                    return self._validator.validate_python(
                        members, strict=True, extra=self._extra
                    )
        if _may_hold_words(body):
            parse_json(body)
        try:
            return self._validator.validate_json(body, strict=True, extra=self._extra)
        except ValidationError:
            return self._validate_again(with_whole_numbers(parse_json(body)))

    def _validate_again(self, value: Any) -> Any:
        """Validate a body for which the fast way failed, and say what is wrong."""
        body = to_json(value)
        try:
            return self._validator.validate_json(body, strict=True, extra=self._extra)
        except ValidationError as error:
            found = field_errors(error, value, names=self._names)
            raise invalid_input(found) from None

    def _validate_members(self, inputs: Inputs) -> Any:
        """Validate what query, form and JSON say together; all errors at once."""
        texts, refused = text_members(inputs, readers=self._readers)
        values = json_members(inputs) | texts
        try:
            validated = self._validator.validate_python(
                values, strict=False, extra=self._extra
            )
        except ValidationError as error:
            found = field_errors(error, values, names=self._names)
            raise invalid_input(found | refused) from None
        if refused:
            raise invalid_input(refused)
        return validated


def _may_hold_words(body: bytes) -> bool:
    """Return whether a body has words that pydantic takes for numbers.

    They are rare even within texts. A single letter is found much faster, so it is
    looked for first.
    """
    return (b"N" in body and b"NaN" in body) or (b"I" in body and b"Infinity" in body)


# ------------------------------------------------------------ reading functions


def _read_plain(function: Callable[..., Any]) -> NativeSignature:
    parameters = function_parameters(function)
    return NativeSignature(
        compile_parameters(parameters),
        keywords=[one.keyword for one in parameters],
        descriptions=argument_descriptions(underlying(function)),
        arrays=_arrays(parameters),
    )


def _read_batched(function: Callable[..., Any]) -> NativeSignature:
    item = batch_item(function)
    read = _read_model if is_validating(item) else _read_dataclass
    return read(item)


def _read_model(item: type) -> NativeSignature:
    """Read the fields of a pydantic model, which validates them in its own way."""
    compiled = compile_item(item)
    return NativeSignature(
        compiled,
        keywords=list(compiled.schema["properties"]),
        descriptions=argument_descriptions(item),
        extra="forbid",
        finish=lambda value: {BATCH_ITEM: value},
    )


def _read_dataclass(item: type) -> NativeSignature:
    """Read the fields of a plain dataclass, which validates nothing itself."""
    fields = field_parameters(item)
    return NativeSignature(
        compile_parameters(fields),
        keywords=[one.keyword for one in fields],
        descriptions=argument_descriptions(item),
        finish=partial(_make_item, item),
        arrays=_arrays(fields),
    )


def _arrays(parameters: Sequence[Parameter]) -> dict[str, int]:
    found = {one.keyword: dimensions(one.hint) for one in parameters}
    return {name: number for name, number in found.items() if number}


def _make_item(item: type, values: dict[str, Any]) -> dict[str, Any]:
    try:
        return {BATCH_ITEM: item(**values)}
    except ValueError as error:  # from the item's __post_init__
        raise invalid_input({"": str(error)}) from None
