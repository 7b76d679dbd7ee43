"""What `get_test_args` and `get_train_args` of a V1 model say, as marshmallow fields.

V1 described an argument by the keywords of Flask-RESTPlus's parser: `default`, `help`
and `required`; some models also say `choices`, `type` and `action`. As fields these
are validated, documented and looked for as the arguments of 2.x are. A value is a text
unless a type is stated; one that nobody gave is its default, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import marshmallow
from marshmallow import fields, validate
from marshmallow.base import FieldABC

from deepaas.errors import SignatureError

_FIELDS: Final[dict[Any, type[fields.Field]]] = {
    int: fields.Integer,
    float: fields.Float,
    bool: fields.Boolean,
    str: fields.String,
    None: fields.String,
}

_EXAMPLE: Final = "{'default': '1', 'help': 'how many', 'required': False}"


class _Converted(fields.String):
    """A text that a function of the model's own reads."""

    def __init__(self, convert: Callable[[str], Any], **options: Any) -> None:
        super().__init__(**options)
        self._convert = convert

    def _deserialize(self, value: Any, *place: Any, **options: Any) -> Any:
        text = super()._deserialize(value, *place, **options)
        try:
            return self._convert(text)
        except (TypeError, ValueError) as error:
            raise marshmallow.ValidationError(str(error)) from error


def read_fields(declared: Any, *, model: str, function: str) -> dict[str, Any]:
    """Return the fields for the arguments that a V1 model declared.

    Args:
        declared: What the function returned.
        model: The model's name, for errors.
        function: The function's name, for errors.

    Raises:
        SignatureError: Something in it is no description of an argument.
    """
    declared = {} if declared is None else declared
    if not isinstance(declared, Mapping):
        raise SignatureError(
            model,
            f"{function} returned {type(declared).__name__}; return a dict from names "
            f"to dicts such as {_EXAMPLE}.",
        )
    found = {}
    for name, stated in declared.items():
        if not isinstance(stated, Mapping | FieldABC):
            raise SignatureError(
                model,
                f"{function}: argument {name!r} is {stated!r}; describe it by a dict "
                f"such as {_EXAMPLE}.",
            )
        found[str(name)] = stated if isinstance(stated, FieldABC) else _field(stated)
    return found


def _field(stated: Mapping[str, Any]) -> fields.Field:
    options: dict[str, Any] = {"metadata": {"description": _help(stated)}}
    if stated.get("required"):
        options["required"] = True  # then the default is never used
    else:
        options["load_default"] = stated.get("default")
    checks: dict[str, Any] = {}
    if choices := list(stated.get("choices") or ()):
        checks["validate"] = validate.OneOf(choices)
    if stated.get("action") == "append":
        return fields.List(_typed(stated.get("type"), checks), **options)
    return _typed(stated.get("type"), {**options, **checks})


def _typed(kind: Any, options: dict[str, Any]) -> fields.Field:
    if kind is None or (isinstance(kind, type) and kind in _FIELDS):
        return _FIELDS[kind](**options)
    return _Converted(kind, **options) if callable(kind) else fields.String(**options)


def _help(stated: Mapping[str, Any]) -> str:
    return str(stated.get("help") or "")
