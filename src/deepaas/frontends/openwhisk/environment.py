"""What OpenWhisk says of an action and of each call: variables, a name, a deadline."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARGIN_S: Final = 0.5
"""How long before the platform gives up we do, so that it hears our reason."""

_VARIABLE: Final = re.compile(r"[^=\0]+")
_NUMBER: Final = re.compile(r"\d{1,15}")
_ACTION: Final = re.compile(r"/([^/]+)/(?:([^/]+)/)?([^/]+)")


def variables(values: Mapping[str, Any]) -> dict[str, str]:
    """Return environment variables; what is no text is written as JSON, null is empty.

    Names and values that no environment can hold are left out.
    """
    texts = {name: _text(value) for name, value in values.items()}
    return {
        name: text
        for name, text in texts.items()
        if _VARIABLE.fullmatch(name) and "\0" not in text
    }


def of_activation(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a call: all that its message says, but for the value."""
    said = {name: value for name, value in message.items() if name != "value"}
    return variables({f"__OW_{name.upper()}": value for name, value in said.items()})


def due(deadline: object) -> float:
    """Return when an answer must be there (monotonic, s), or 0 if nobody says.

    A deadline that has passed says nothing: no call is sent after its end, but clocks
    differ, and tools make deadlines up.

    Args:
        deadline: Milliseconds since 1970, as text.
    """
    if not isinstance(deadline, str | int) or not _NUMBER.fullmatch(str(deadline)):
        return 0.0
    left_s = int(deadline) / 1000 - time.time()
    if left_s <= 0:
        return 0.0
    return time.monotonic() + max(left_s - _MARGIN_S, left_s / 2)


def web_path(action: str) -> str:
    """Return the path of an action's web address, or empty for what is no action.

    It is written as addresses are: names may have spaces.

    Args:
        action: Its name: `/namespace/action` or `/namespace/package/action`.
    """
    found = _ACTION.fullmatch(action)
    if found is None:
        return ""
    namespace, package, name = found.groups()
    return quote(f"/api/v1/web/{namespace}/{package or 'default'}/{name}", safe="/@")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
