"""How pydantic's complaints become the errors that our callers see.

Pydantic says where a value failed as a path through its own schema; a caller wants a
JSON Pointer into what he has sent. So the path is followed through the input, and what
is no step in it (the member of a union, the key of a mapping) is left out.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from deepaas.errors import FieldError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

MOST_ERRORS: Final = 100
"""So many are named; a long list of wrong values would else have an answer many times
as long."""

LONGEST_NAME: Final = 100
"""So many characters of an unknown argument's name are repeated to the caller."""

OBJECT_WANTED: Final = "The body has to be a JSON object with a member per argument."


def field_errors(
    error: ValidationError, value: Any, *, names: Sequence[str]
) -> dict[str, str]:
    """Return what is wrong by JSON Pointer.

    Args:
        error: What pydantic found.
        value: The inputs in which it was found.
        names: The names of all arguments.
    """
    found: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_input=False):
        pointer = json_pointer(_steps(one, value))
        if len(found) < MOST_ERRORS or pointer in found:
            details = found.setdefault(pointer, [])
            details.extend({_detail(one, names)}.difference(details))
    return {pointer: "; or: ".join(details) for pointer, details in found.items()}


def invalid_input(details: Mapping[str, str]) -> InvalidInputError:
    """Return the error that tells a caller all that is wrong.

    Args:
        details: What is wrong, by JSON Pointer.
    """
    return InvalidInputError(
        errors=tuple(
            FieldError(pointer=pointer, detail=detail)
            for pointer, detail in details.items()
        )
    )


def json_pointer(steps: Iterable[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a path."""
    return "".join(
        "/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps
    )


def _steps(error: ErrorDetails, value: Any) -> list[str | int]:
    """Return the part of the error's location that leads through `value`."""
    *location, last = error["loc"] or ("",)
    steps: list[str | int] = []
    for step in location:
        if _leads_on(step, value):
            value = value[step]
            steps.append(step)
    is_step = error["type"] == "missing" or _leads_on(last, value)
    return [*steps, last] if is_step else steps


def _leads_on(step: str | int, value: Any) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _detail(error: ErrorDetails, names: Sequence[str]) -> str:
    location = error["loc"]
    match error["type"]:
        case "missing":
            return "This argument is required." if len(location) == 1 else "Required."
        case "extra_forbidden":
            return _unknown(str(location[-1]), names if len(location) == 1 else ())
        case "value_error" | "assertion_error":
            return str(error["ctx"]["error"]) or error["msg"]
        case "dict_type" | "model_type" | "dataclass_type" if not location:
            return OBJECT_WANTED
        case _:
            return error["msg"]


def _unknown(name: str, names: Sequence[str]) -> str:
    """Return what to say about an argument that does not exist."""
    name = name[:LONGEST_NAME]
    similar = difflib.get_close_matches(name, names, n=1)
    if similar:
        return f"Unknown argument {name!r}; did you mean {similar[0]!r}?"
    if names:
        return f"Unknown argument {name!r}; there are: {', '.join(names)}."
    return f"Unknown: {name!r}."
