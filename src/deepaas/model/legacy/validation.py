"""What marshmallow found wrong, as our error: 2.x's body and a pointer to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from deepaas.errors import FieldError, InvalidInputError
from deepaas.model.refusals import json_pointer

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
    return InvalidInputError(errors=tuple(_field_errors(plain, ())), messages=plain)


def _plain(messages: Any) -> Any:
    """Return messages as JSON; validators may put any object into them."""
    if isinstance(messages, Mapping):
        return {str(key): _plain(value) for key, value in messages.items()}
    if isinstance(messages, list | tuple):
        return [_plain(one) for one in messages]
    return str(messages)


def _field_errors(messages: Any, steps: tuple[str, ...]) -> Iterator[FieldError]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            inner = steps if key == _WHOLE else (*steps, key)
            yield from _field_errors(value, inner)
    elif isinstance(messages, list):
        for one in messages:
            yield from _field_errors(one, steps)
    else:
        yield FieldError(pointer=json_pointer(steps), detail=messages)
