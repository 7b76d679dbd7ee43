"""Names that documents make from the names of models and of their schemas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Collection


SAFE_IN_A_SEGMENT: Final = "!$&'()*+,;=:@"


def model_path(model: str) -> str:
    """Return the address of a model, without the base path."""
    return f"/v2/models/{quote(model, safe=SAFE_IN_A_SEGMENT)}/"


def identifier(name: str) -> str:
    """Return `name` with only letters, digits and underscores of ASCII."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def unused_name(wanted: str, taken: Collection[str], *, first: int = 2) -> str:
    """Return `wanted`, with a number behind it if it is taken.

    Args:
        wanted: The name.
        taken: The names that are in use.
        first: The first number.
    """
    name, number = wanted, first
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name
