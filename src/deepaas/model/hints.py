"""Reading the type hints of a model's functions.

Pydantic serves most hints as they are. Three kinds of types mean something else in a
service than in a program, and `as_argument` puts our reading in their place: a path,
bytes or an image is a *file* that the caller sends, never a place on the server's
disk. What nobody can serve ends in a `SignatureError` that names the way out.
"""

from __future__ import annotations

import functools
import inspect
import numbers
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import (
    IO,
    Annotated,
    Any,
    BinaryIO,
    Final,
    Literal,
    Union,
    get_args,
    get_origin,
)

from pydantic import PlainValidator, WithJsonSchema

from deepaas.model.files import FILE_SCHEMA, QUALIFIED_SCHEMA, read_content, read_path
from deepaas.model.images import is_image_class, read_image
from deepaas.model.tensors import Tensor

UNION_ORIGINS: Final = (Union, types.UnionType)
_TENSOR_REMEDY: Final = (
    'Annotated[np.ndarray, deepaas.Tensor("float32", (None, 3, 224, 224))]'
)
_FILE_REMEDY: Final = "deepaas.File"
_PLAIN_REMEDY: Final = "a plain type, a pydantic model or a dataclass"


class HintError(Exception):
    """A hint cannot be served.

    Attributes:
        reason: Why, and what to write instead.
        place: The argument that has it, as written in the function's head, or empty.
    """

    def __init__(self, reason: str, *, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__(reason)


def underlying(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the plain function behind decorators, partials and callable objects."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif not inspect.isroutine(function) and not isinstance(function, type):
            function = type(function).__call__
        else:
            return function


def read_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the hints of a callable by name, with those written as text resolved.

    Raises:
        HintError: One of them names something that does not exist at run time.
    """
    try:
        return typing.get_type_hints(underlying(function), include_extras=True)
    except NameError as error:
        raise HintError(
            f"the hint {error.name!r} is not defined when the program runs; import it "
            "outside of `if TYPE_CHECKING:`"
        ) from None
    except (TypeError, SyntaxError, AttributeError) as error:
        raise HintError(f"its type hints cannot be read: {error}") from None


def as_argument(hint: Any) -> Any:
    """Return `hint` with paths, bytes and images read as files that callers send.

    Raises:
        HintError: It cannot be an argument.
    """
    if hint is Path:
        return _file(read_path)
    if hint is bytes:
        return _file(read_content)
    if is_image_class(hint):
        return _file(read_image)
    _refuse_unusable(hint)
    return _with_parts(hint, as_argument)


def as_result(hint: Any) -> Any:
    """Return `hint` with what only we can write described for documents."""
    if is_image_class(hint) or hint in (IO, BinaryIO) or get_origin(hint) is IO:
        return Annotated[Any, WithJsonSchema(dict(QUALIFIED_SCHEMA))]
    if hasattr(get_origin(hint) or hint, "tolist"):
        return Annotated[Any, WithJsonSchema(_numeric_schema(hint))]
    return _with_parts(hint, as_result)


def _numeric_schema(hint: Any) -> dict[str, Any]:
    """Return the JSON Schema of an array or of one of numpy's scalars."""
    if _looks_like_array(hint):
        return {"type": "array", "items": {}}
    if issubclass(hint, numbers.Integral):
        return {"type": "integer"}
    return {"type": "number"} if issubclass(hint, numbers.Real) else {}


def _with_parts(hint: Any, read: Callable[[Any], Any]) -> Any:
    """Return a generic hint with its parts replaced by what `read` makes of them."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if any(isinstance(extra, Tensor) for extra in parts[1:]):
            return hint
        return Annotated[(read(parts[0]), *parts[1:])]
    if origin in (None, Literal) or origin is Callable or not parts:
        return hint
    served = tuple(part if part is ... else read(part) for part in parts)
    if served == parts:
        return hint
    if origin in UNION_ORIGINS:
        return Union[served]  # noqa: UP007  `|` takes no tuple
    return origin[served]


def _file(read: Callable[[object], Any]) -> Any:
    """Return a hint for a value that `read` makes of an upload or qualified value."""
    return Annotated[Any, PlainValidator(read), WithJsonSchema(dict(FILE_SCHEMA))]


def _refuse_unusable(hint: Any) -> None:
    if isinstance(hint, types.ModuleType):
        raise HintError(f"{hint.__name__} is a module, not a class; {_instead(hint)}")
    if _looks_like_array(hint):
        raise HintError(f"says nothing of dtype and shape; {_instead(hint)}")


def _looks_like_array(hint: Any) -> bool:
    """Return whether it is `numpy.ndarray`, `torch.Tensor` or one of their kind."""
    origin = get_origin(hint) or hint
    return (
        isinstance(origin, type)
        and hasattr(origin, "tolist")
        and hasattr(origin, "reshape")
        and not issubclass(origin, numbers.Number)
    )


def _instead(hint: Any) -> str:
    return f"use {remedy(hint)} instead"


def remedy(hint: Any) -> str:
    """Return what to write in place of a hint that cannot be served."""
    if isinstance(hint, types.ModuleType):
        return f"a class of it, such as {hint.__name__}.{hint.__name__.split('.')[-1]}"
    if _looks_like_array(hint):
        return _TENSOR_REMEDY
    if hasattr(get_origin(hint) or hint, "read") or hasattr(hint, "__fspath__"):
        return _FILE_REMEDY
    return _PLAIN_REMEDY


def alternatives(hint: Any) -> list[Any]:
    """Return the members of a union, or the hint itself; without notes beside them."""
    if get_origin(hint) is Annotated:
        return alternatives(hint.__origin__)
    if get_origin(hint) in UNION_ORIGINS:
        return [one for part in get_args(hint) for one in alternatives(part)]
    return [hint]


def shown(hint: Any) -> str:
    """Return a hint as its author would write it."""
    if isinstance(hint, types.ModuleType):
        return hint.__name__
    if get_origin(hint) is Annotated:
        return f"Annotated[{shown(hint.__origin__)}, ...]"
    return inspect.formatannotation(hint)
