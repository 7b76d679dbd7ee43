"""Arguments that we fill in: those with the hints `Job` and `Version`.

Who writes no hints gets them by name: an argument `job` or `version` that has neither a
hint nor a default.
"""

from __future__ import annotations

import inspect
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

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.job or self.version)

    def values(self, *, job: Job, version: Version) -> dict[str, Any]:
        """Return the keyword arguments."""
        values: dict[str, Any] = {}
        if self.job:
            values[self.job] = job
        if self.version:
            values[self.version] = version
        return values


NOTHING_INJECTED: Final = Injected()


_BY_NAME: Final = {"job": Job, "version": Version}


def is_injected(parameter: inspect.Parameter, hint: Any) -> bool:
    """Return whether a parameter is filled in by us.

    Args:
        parameter: Of the function.
        hint: Its hint, or None if it has none.
    """
    return _meaning(parameter, hint) is not None


def _meaning(parameter: inspect.Parameter, hint: Any) -> type | None:
    if hint is not None:
        return next((one for one in alternatives(hint) if one in (Job, Version)), None)
    is_required = parameter.default is inspect.Parameter.empty
    return _BY_NAME.get(parameter.name) if is_required else None


def injected(function: Callable[..., Any] | None) -> Injected:
    """Return which keyword arguments of a function we fill in."""
    if function is None:
        return NOTHING_INJECTED
    try:
        hints = read_hints(function)
    except HintError:  # of a 2.x model, whose hints are its own affair
        return NOTHING_INJECTED
    found: dict[type, str] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        meaning = _meaning(parameter, hints.get(name))
        if meaning is not None:
            found.setdefault(meaning, name)
    return Injected(job=found.get(Job, ""), version=found.get(Version, ""))
