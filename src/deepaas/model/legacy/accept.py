"""The argument `accept`: which media type the model is asked for.

In 2.x it was an ordinary argument with choices, and the header was compared with them
as one text. Here the value is looked for in the request's query, form or JSON and then
in the Accept header, which is negotiated over the choices; the model is always given
one of its own choices, never `*/*`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from marshmallow import fields as ma_fields
from marshmallow import missing, validate

from deepaas.model.legacy.fields import location_of
from deepaas.model.negotiation import choose_media_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME: Final = "accept"
JSON: Final = "application/json"
_ANYTHING: Final = "*/*"


class AcceptArgument:
    """The `accept` argument of one operation.

    Attributes:
        choices: The media types between which the model chooses, its default first;
            `image/*` may be one of them.
        default: What a caller gets who asks for nothing in particular.
    """

    def __init__(self, field: ma_fields.Field) -> None:
        own_default = _own_default(field)
        choices = _choices(field)
        self.default: str = own_default or next(iter(choices), JSON)
        self.choices = tuple(dict.fromkeys((self.default, *choices)))
        self._name = field.data_key or NAME
        self._has_own_default = bool(own_default)
        self._is_header_only = location_of(field) == "header"

    def apply(self, found: dict[str, Any], *, header: str) -> None:
        """Put one of the choices into `found`, or nothing: the field's own default.

        What fits no choice is left there for the field to refuse.

        Args:
            found: The values of the call, by their names on the wire.
            header: The Accept header, or empty.
        """
        if self._name not in found:
            chosen = self._from_header(header)
        else:
            chosen = self._from_value(found[self._name])
        # A default need not be one of the choices, and as a value would be refused.
        if self._has_own_default and chosen == self.default:
            found.pop(self._name, None)
        else:
            found[self._name] = chosen

    def _from_header(self, header: str) -> str:
        if not header or _is_of_a_browser(header, self.choices):
            return self.default
        # Every client sends some Accept header, so one that fits nothing is an error
        # only where the model says that it reads the header.
        refused = header if self._is_header_only else self.default
        return self._negotiate(header) or refused

    def _from_value(self, value: Any) -> Any:
        if not isinstance(value, str) or "/" not in value:
            return value
        return self._negotiate(value) or value

    def _negotiate(self, wanted: str) -> str | None:
        if wanted in self.choices:
            return wanted
        offers = _offers(wanted, self.choices)
        best = choose_media_type(wanted, tuple(offers))
        return None if best is None else offers[best]


def _own_default(field: ma_fields.Field) -> str:
    default = field.load_default
    if default is not missing and callable(default):
        default = default()
    is_concrete = isinstance(default, str) and default != _ANYTHING
    return default if is_concrete else ""


def _choices(field: ma_fields.Field) -> list[str]:
    stated: Sequence[Any] = field.metadata.get("enum") or ()
    for validator in field.validators:
        if isinstance(validator, validate.OneOf):
            stated = list(validator.choices)
            break
    return [one for one in stated if isinstance(one, str) and one != _ANYTHING]


def _is_of_a_browser(header: str, choices: Sequence[str]) -> bool:
    """Return whether an address bar sent it.

    The images that such a header lists are those that the browser's pages may contain.
    """
    is_of_a_browser = "text/html" in header and _ANYTHING in header
    return is_of_a_browser and "text/html" not in choices


def _offers(wanted: str, choices: Sequence[str]) -> Mapping[str, str]:
    """Return media types to negotiate over, and the choice for which each stands.

    A choice such as `image/*` can give any type that the caller names within it.
    """
    named = [one.partition(";")[0].strip().lower() for one in wanted.split(",")]
    offers: dict[str, str] = {}
    for choice in choices:
        if choice.endswith("/*"):
            within = [one for one in named if one.startswith(choice[:-1])]
            offers |= {one: choice for one in within if not one.endswith("/*")}
            offers.setdefault(f"{choice[:-1]}x-any", choice)
        else:
            offers.setdefault(choice, choice)
    return offers
