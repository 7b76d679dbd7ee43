"""What a function takes, as pydantic and documents need it.

A `Parameter` is one parameter of a function or one field of a batch's items, its hint
already read as an argument. All of them together are compiled into one typed dictionary
of pydantic and described by `Argument`s.

Why a typed dictionary and not a pydantic model: any parameter name will do (`json` and
`_x` would not), and what comes out is the dictionary of keyword arguments itself.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Annotated, Any, Final, Optional, get_origin

from pydantic import (
    ConfigDict,
    Field,
    PydanticInvalidForJsonSchema,
    PydanticSchemaGenerationError,
    TypeAdapter,
    with_config,
)
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict

from deepaas.model.arguments import Argument
from deepaas.model.hints import HintError, as_argument, read_hints, remedy, shown
from deepaas.model.injection import is_injected
from deepaas.model.schemas import (
    ALL_TYPES,
    Schema,
    SchemaReader,
    has_misplaced_limit,
    holds_server_path,
    json_schema,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Mypy wants typed dictionaries written down; ours come from a model's hints.
_typed_dict: Any = TypedDict

_CONFIG: Final = ConfigDict(extra="forbid", allow_inf_nan=False)

_NOT_BY_NAME: Final[dict[Any, tuple[str, str]]] = {
    inspect.Parameter.POSITIONAL_ONLY: (
        "{}, /",
        "callers pass it by name; remove the `/`",
    ),
    inspect.Parameter.VAR_POSITIONAL: (
        "*{}",
        "callers pass arguments by name; name each one",
    ),
    inspect.Parameter.VAR_KEYWORD: (
        "**{}",
        "callers have to know the arguments; name each one, with a type hint",
    ),
}
"""How such a parameter is written, and what is wrong with it in a service."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a function, or one field of a batch's items.

    Attributes:
        keyword: Its name in Python.
        hint: As the author wrote it.
        served: As pydantic gets it: files put in place, default included.
    """

    keyword: str
    hint: Any
    served: Any

    @property
    def place(self) -> str:
        """How the author wrote it, for error messages."""
        return f"{self.keyword}: {shown(self.hint)}"


def function_parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a function.

    Raises:
        HintError: One cannot be an argument of a service.
    """
    hints = read_hints(function)
    return [
        _parameter(name, hints.get(name, Any), default=one.default)
        for name, one in inspect.signature(function).parameters.items()
        if _is_passed_by_name(one) and not is_injected(one, hints.get(name))
    ]


def field_parameters(item: type) -> list[Parameter]:
    """Return the fields of a dataclass as parameters.

    Raises:
        HintError: One cannot be an argument of a service.
    """
    hints = read_hints(item)
    return [
        _parameter(one.name, hints[one.name], default=_default_of(one))
        for one in dataclasses.fields(item)
        if one.init
    ]


def _is_passed_by_name(parameter: inspect.Parameter) -> bool:
    """Return True, or raise where callers of a service could not pass it."""
    if parameter.kind not in _NOT_BY_NAME:
        return True
    written, reason = _NOT_BY_NAME[parameter.kind]
    raise HintError(reason, place=written.format(parameter.name))


def _default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    if field.default is not dataclasses.MISSING:
        return field.default
    return inspect.Parameter.empty


def _parameter(name: str, hint: Any, *, default: Any) -> Parameter:
    try:
        served = as_argument(_optional(hint) if default is None else hint)
    except HintError as error:
        place = f"{name}: {shown(hint)}"
        raise HintError(error.reason, place=place) from None
    if isinstance(default, FieldInfo):
        served = Annotated[served, default]
    elif default is not inspect.Parameter.empty:
        served = Annotated[served, Field(default=default)]
    return Parameter(keyword=name, hint=hint, served=served)


def _optional(hint: Any) -> Any:
    """Return the hint of an argument whose default is None: null is a value of it."""
    if hint is Any:
        return hint
    if get_origin(hint) is Annotated:
        return Annotated[_optional(hint.__origin__), *hint.__metadata__]
    return Optional[hint]  # noqa: UP045  not every hint knows `|`


# ------------------------------------------------------------ all of them together


@dataclasses.dataclass(frozen=True, slots=True)
class Compiled:
    """Hints as pydantic has compiled them.

    Attributes:
        adapter: Validates a value of them.
        schema: The JSON Schema of such a value.
    """

    adapter: TypeAdapter[Any]
    schema: Schema


def compile_parameters(parameters: Sequence[Parameter]) -> Compiled:
    """Return what validates all parameters at once, as one dictionary.

    Raises:
        HintError: Pydantic cannot serve one of the hints.
    """
    members = {one.keyword: one.served for one in parameters}
    try:
        compiled = _compile(with_config(_CONFIG)(_typed_dict("Inputs", members)))
    except Exception:
        # Whatever it was, its author is told with the hint that it came from.
        for one in parameters:
            compile_parameter(one)
        raise
    if len(compiled.schema.get("properties", {})) < len(parameters):
        raise HintError("two arguments have the same name for callers; change an alias")
    return compiled


def compile_parameter(parameter: Parameter) -> Compiled:
    """Return what validates the value of one parameter.

    Raises:
        HintError: Pydantic cannot serve the hint.
    """
    try:
        return _compile(parameter.served)
    except HintError as error:
        raise HintError(error.reason, place=parameter.place) from None
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema):
        reason = f"no caller can send this; use {remedy(parameter.hint)} instead"
        raise HintError(reason, place=parameter.place) from None
    except Exception as error:
        reason = f"pydantic refuses this hint: {str(error).splitlines()[0].rstrip('.')}"
        raise HintError(reason, place=parameter.place) from error


def _compile(hint: Any) -> Compiled:
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    schema = json_schema(adapter, mode="validation")
    if holds_server_path(schema):
        raise HintError("callers cannot name files on the server; use deepaas.File")
    if has_misplaced_limit(schema):
        raise HintError("a limit stands on a type that has no such limit; move it")
    return Compiled(adapter, schema)


def describe_arguments(
    schema: Schema, *, keywords: Sequence[str], descriptions: Mapping[str, str]
) -> tuple[Argument, ...]:
    """Return the arguments that the members of an object are.

    Args:
        schema: The JSON Schema of the object.
        keywords: The members' names in Python, in the schema's order.
        descriptions: What the docstring says of them, for those without a text.
    """
    ask = SchemaReader(schema.get("$defs", {}))
    required = frozenset(schema.get("required", ()))
    members = schema.get("properties", {}).items()
    return tuple(
        _argument(
            name,
            _described(member, descriptions.get(keyword, "")),
            keyword=keyword,
            required=name in required,
            ask=ask,
        )
        for keyword, (name, member) in zip(keywords, members, strict=True)
    )


def _described(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema} if description else schema


def _argument(
    name: str, schema: Schema, *, keyword: str, required: bool, ask: SchemaReader
) -> Argument:
    types = ask.types(schema)
    is_file = ask.is_file(schema)
    if is_file and schema.get("default") is not None:
        # Bytes as text would say nothing to a caller.
        schema = {key: schema[key] for key in schema if key != "default"}
    return Argument(
        name=name,
        keyword=keyword,
        schema=schema,
        required=required,
        is_file=is_file,
        is_list="array" in types and types != ALL_TYPES,
        is_nullable="null" in types,
    )
