"""Makes an example of a value from its JSON Schema.

What the model's author wrote comes first: an example, a default, a fixed value, a
choice. Else the smallest value that the schema plainly allows. Where that cannot be
seen (a pattern, a format that we do not know) there is no example, because a wrong
one is worse than none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from deepaas.frontends.api.json_schema import is_plausible, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_DEEPEST: Final = 8
"""Schemas that refer to themselves end here."""

_LONGEST: Final = 100
"""Longer texts and arrays make no example."""

_UNPREDICTABLE: Final = frozenset({"allOf", "not", "if", "pattern", "contains"})
"""Keywords after which the others do not tell what a value may be."""

_TEXTS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "email": "name@example.org",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "password": "text",
    "path": "text",
    "": "text",
}
"""A text in each format."""


class NoExampleError(Exception):
    """The schema does not show what a value may be."""


def example_of(schema: Any, *, definitions: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value that `schema` allows.

    Args:
        schema: A JSON Schema (2020-12).
        definitions: What its references point to.
        depth: How many schemas stand around this one.

    Raises:
        NoExampleError: None can be seen.
    """
    if depth > _DEEPEST:
        raise NoExampleError
    if not isinstance(schema, dict):
        return _of_anything(schema)
    schema = resolve(schema, definitions)
    for value in _written(schema):
        return value
    return _made(
        schema,
        lambda inner: example_of(inner, definitions=definitions, depth=depth + 1),
    )


def _of_anything(schema: Any) -> str:
    if schema is False:
        raise NoExampleError
    return "text"


def stated_example(schema: dict[str, Any]) -> Any:
    """Return the example or default in `schema` that it allows itself, or None."""
    return next(_stated(schema), None)


def _stated(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield the plausible values that the model's author gave, the best first."""
    stated = [*schema.get("examples", ())]
    stated += [
        schema[keyword] for keyword in ("example", "default") if keyword in schema
    ]
    return (value for value in stated if is_plausible(value, schema))


def _written(schema: dict[str, Any]) -> Iterator[Any]:
    yield from _stated(schema)
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("enum", ())


def _made(schema: dict[str, Any], example: Callable[[Any], Any]) -> Any:
    if not _UNPREDICTABLE.isdisjoint(schema):
        raise NoExampleError
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return _first(schema[keyword], example)
    make = _MAKERS.get(_first_type(schema) or "")
    if make is None:
        raise NoExampleError
    return make(schema, example)


def _first(alternatives: list[Any], example: Callable[[Any], Any]) -> Any:
    for one in alternatives:
        try:
            return example(one)
        except NoExampleError:
            continue
    raise NoExampleError


def _first_type(schema: dict[str, Any]) -> str | None:
    types = schema.get("type")
    if isinstance(types, list):
        return types[0] if types else None
    return types


def _number(schema: dict[str, Any], _: Callable[[Any], Any]) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf))
    high = schema.get("maximum", schema.get("exclusiveMaximum", math.inf))
    step = schema.get("multipleOf", 1)
    candidates = [1, low, low + 1, high, high - 1, (low + high) / 2, step]
    if math.isfinite(low):
        candidates.append(math.ceil(low / step) * step)
    for value in candidates:
        if math.isfinite(value) and _fits(value, schema):
            return int(value) if _first_type(schema) == "integer" else value
    raise NoExampleError


def _fits(value: float, schema: dict[str, Any]) -> bool:
    return (
        (_first_type(schema) == "number" or float(value).is_integer())
        and schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < value
        and value < schema.get("exclusiveMaximum", math.inf)
        and value % schema.get("multipleOf", value or 1) == 0
    )


def _text(schema: dict[str, Any], _: Callable[[Any], Any]) -> str:
    known = _TEXTS.get(schema.get("format", ""))
    if known is None:
        raise NoExampleError
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", _LONGEST)
    if "format" not in schema:
        known = known[:longest].ljust(min(shortest, _LONGEST), "x")
    if not shortest <= len(known) <= longest:
        raise NoExampleError
    return known


def _array(schema: dict[str, Any], example: Callable[[Any], Any]) -> list[Any]:
    length = max(schema.get("minItems", 0), min(schema.get("maxItems", 1), 1))
    first = [example(one) for one in schema.get("prefixItems", ())]
    is_many = max(length, len(first)) > 1
    if length > _LONGEST or (is_many and schema.get("uniqueItems")):
        raise NoExampleError
    if length <= len(first):
        return first
    item = example(schema.get("items", True))
    return first + [item] * (length - len(first))


def _object(schema: dict[str, Any], example: Callable[[Any], Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    if schema.get("minProperties", 0) > len(required):
        raise NoExampleError
    return {name: example(properties.get(name, True)) for name in required}


_MAKERS: Final[dict[str, Callable[[dict[str, Any], Callable[[Any], Any]], Any]]] = {
    "integer": _number,
    "number": _number,
    "string": _text,
    "boolean": lambda *_: True,
    "array": _array,
    "object": _object,
    "null": lambda *_: None,
}
