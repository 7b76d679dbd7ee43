"""What marshmallow found wrong, as our error: 2.x's body and a pointer to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from deepaas.errors import FieldError, InvalidInputError

if TYPE_CHECKING:
    from marshmallow import ValidationError

_WHOLE: Final = "_schema"
"""marshmallow's name for the errors of an object as a whole."""


def invalid_input(error: ValidationError) -> InvalidInputError:
    """Return our error for marshmallow's."""
    messages = error.messages
    if not isinstance(messages, dict):
        messages = {error.field_name: messages}
    plain = _plain(messages)
    return InvalidInputError(errors=tuple(_field_errors(plain, "")), messages=plain)


def _plain(messages: Any) -> Any:
    """Return messages as JSON; validators may put any object into them."""
    if isinstance(messages, Mapping):
        return {str(key): _plain(value) for key, value in messages.items()}
    if isinstance(messages, list | tuple):
        return [_plain(one) for one in messages]
    return str(messages)


def _field_errors(messages: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _field_errors(value, _below(pointer, key))
    elif isinstance(messages, list):
        for one in messages:
            yield from _field_errors(one, pointer)
    else:
        yield FieldError(pointer=pointer, detail=messages)


def _below(pointer: str, key: str) -> str:
    if key == _WHOLE:
        return pointer
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
