"""The items of a batched operation: one caller's arguments as one object.

    @deepaas.batched(max_size=32)
    def predict(items: list[Item]) -> list[Result]: ...

`Item` is a dataclass or a pydantic model. The fields of a plain dataclass are read like
the parameters of a function, so a field may be an image or a path. A pydantic model
validates in its own way, and takes files as `deepaas.File`.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.dataclasses import is_pydantic_dataclass

from deepaas.model.hints import HintError, read_hints
from deepaas.model.parameters import Compiled, Parameter, compile_parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.model.schemas import Schema

_WANTED: Final = (
    "a batched function takes one argument, list[Item], where Item is a dataclass or a "
    "pydantic model"
)


def batch_item(function: Callable[..., Any]) -> type:
    """Return the class of the items that a batched function takes.

    Raises:
        HintError: It does not take one list of such items.
    """
    hints = read_hints(function)
    names = list(inspect.signature(function).parameters)
    hint = hints.get(names[0]) if len(names) == 1 else None
    item = get_args(hint)[0] if get_origin(hint) is list else None
    if not isinstance(item, type) or not (
        is_validating(item) or dataclasses.is_dataclass(item)
    ):
        raise HintError(_WANTED, place=", ".join(names))
    return item


def is_validating(item: type) -> bool:
    """Return whether the class validates its fields itself."""
    return issubclass(item, BaseModel) or is_pydantic_dataclass(item)


def compile_item(item: type) -> Compiled:
    """Return what validates an item.

    Raises:
        HintError: Pydantic cannot serve it, or it has no fields.
    """
    parameter = Parameter(keyword="items", hint=item, served=item)
    compiled = compile_parameter(parameter)
    schema = _resolved(compiled.schema)
    if "properties" not in schema:
        raise HintError(_WANTED, place=parameter.place)
    return Compiled(compiled.adapter, schema)


def _resolved(schema: Schema) -> Schema:
    """Return the schema of a class that refers to itself, without the reference."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**schema["$defs"][name], "$defs": schema["$defs"]} if name else schema
