"""Reads what `get_predict_args` and its like returned into one marshmallow schema.

Models hand over a dict of fields, the fields of a schema of theirs, or that schema
itself. All of these become a schema of our own, on copies of the fields: 2.x changed
the model's fields in place, and a model that used them twice was in for surprises.
"""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import marshmallow
from marshmallow import fields as ma_fields
from marshmallow.base import FieldABC

if TYPE_CHECKING:
    from deepaas.model.arguments import Location

_LOCATIONS: Final[dict[str, Location]] = {
    "query": "query",
    "querystring": "query",
    "form": "form",
    "files": "form",
    "json": "json",
    "headers": "header",
    "cookies": "cookie",
    "path": "path",
    "match_info": "path",
}
"""The names that webargs 5 gives to the places of a request, and ours."""


class BadFieldError(ValueError):
    """A field that cannot be served; its text says what to write instead."""


def read_schema(declared: Any) -> marshmallow.Schema:
    """Return a schema of our own for the arguments that a model declared.

    Args:
        declared: A mapping of names to fields, or a marshmallow schema (class or
            instance), whose own validation is kept.

    Raises:
        BadFieldError: Something in it is no field.
    """
    if isinstance(declared, type) and issubclass(declared, marshmallow.Schema):
        declared = declared()
    if isinstance(declared, marshmallow.Schema):
        fields = dict(declared.fields)
        return _derive(type(declared), fields)(only=tuple(fields))
    return _derive(marshmallow.Schema, _check_mapping(declared))()


def protect_defaults(schema: marshmallow.Schema) -> None:
    """Give each call its own copy of a default that the model might change.

    In 2.x a call's arguments were copied on their way to another process.
    """
    for field in schema.load_fields.values():
        default = field.load_default
        if isinstance(default, list | dict | set):
            field.load_default = functools.partial(copy.deepcopy, default)


def wire_name(name: str, field: ma_fields.Field) -> str:
    """Return the name of `field` in requests and answers."""
    return name if field.data_key is None else field.data_key


def location_of(field: ma_fields.Field) -> Location:
    """Return where a request may carry the value of `field`.

    Raises:
        BadFieldError: The field asks for a place that no request has.
    """
    location = field.metadata.get("location") or "any"
    if location == "any":
        return "any"
    try:
        return _LOCATIONS[location]
    except (KeyError, TypeError):
        raise BadFieldError(
            f"location {location!r} is unknown; use one of {', '.join(_LOCATIONS)}"
        ) from None


def files_of(field: ma_fields.Field) -> Literal["none", "one", "several"]:
    """Return whether `field` takes a file, or several."""
    if is_list(field):
        inner = _says_file(field) or _says_file(field.inner)  # type: ignore[attr-defined]  # a List has it
        return "several" if inner else "none"
    return "one" if _says_file(field) else "none"


def is_list(field: Any) -> bool:
    """Return whether `field` takes a value that is repeated in query or form."""
    return isinstance(field, ma_fields.List) and not is_delimited(field)


def is_delimited(field: Any) -> bool:
    """Return whether `field` is a list within one text, such as `1,2,3`.

    webargs is looked at only where the model imported it: without that, no field can
    be of its class.
    """
    webargs_fields = sys.modules.get("webargs.fields")
    return webargs_fields is not None and isinstance(
        field, webargs_fields.DelimitedList
    )


def _derive(
    base: type[marshmallow.Schema], fields: dict[str, Any]
) -> type[marshmallow.Schema]:
    derived = base.from_dict(fields)
    derived.opts.ordered = True  # older marshmallow forgets the order otherwise
    return derived


def _says_file(field: ma_fields.Field) -> bool:
    metadata = field.metadata
    return metadata.get("type") == "file" or metadata.get("format") == "binary"


def _check_mapping(declared: Any) -> dict[str, Any]:
    if declared is None:
        return {}
    if not isinstance(declared, Mapping):
        raise BadFieldError(
            f"it returned {type(declared).__name__}; return a dict of marshmallow "
            "fields, such as {'top_k': fields.Int(load_default=3)}."
        )
    for name, field in declared.items():
        _check_field(name, field)
    return dict(declared)


def _check_field(name: Any, field: Any) -> None:
    if not isinstance(name, str):
        raise BadFieldError(f"the name {name!r} of an argument is no text.")
    if isinstance(field, FieldABC):
        return
    if isinstance(field, type) and issubclass(field, FieldABC):
        raise BadFieldError(
            f"argument {name!r} is the class {field.__name__}; "
            f"call it: fields.{field.__name__}()."
        )
    raise BadFieldError(
        f"argument {name!r} is {_with_article(type(field).__name__)} and not a "
        "marshmallow field; write something like fields.Str(load_default='x')."
    )


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"
