"""Arguments that we fill in, because their hints say so: `Job` and `Version`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deepaas.model.hints import HintError, alternatives, read_hints
from deepaas.model.job import Job, Version

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """Which keyword arguments of a function we fill in.

    Attributes:
        job: The one that gets the job, or empty.
        version: The one that gets the version, or empty.
    """

    job: str = ""
    version: str = ""

    def values(self, *, job: Job, version: Version) -> dict[str, Any]:
        """Return the keyword arguments."""
        values: dict[str, Any] = {}
        if self.job:
            values[self.job] = job
        if self.version:
            values[self.version] = version
        return values


NOTHING_INJECTED: Final = Injected()


def is_injected(hint: Any) -> bool:
    """Return whether an argument with this hint is filled in by us."""
    return any(one in (Job, Version) for one in alternatives(hint))


def injected(function: Callable[..., Any] | None) -> Injected:
    """Return which keyword arguments of a function we fill in."""
    try:
        hints = read_hints(function) if function is not None else {}
    except HintError:  # of a 2.x model, whose hints are its own affair
        return NOTHING_INJECTED
    found: dict[type, str] = {}
    for name, hint in hints.items():
        for one in alternatives(hint):
            if one in (Job, Version) and name != "return":
                found.setdefault(one, name)
    return Injected(job=found.get(Job, ""), version=found.get(Version, ""))
