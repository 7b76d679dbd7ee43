"""What a serverless platform says of one call: its variables, and when its time is up.

It holds for every prediction that the call leads to, so it travels in the context of
the task that answers the call, and not through all that stands between.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One call.

    Attributes:
        environment: Variables that the model's process gets before it begins.
        due: When the answer must be there (monotonic, s), or 0.
    """

    environment: dict[str, str] = field(default_factory=dict)
    due: float = 0.0


_NO_CALL: Final = Activation()

activation: ContextVar[Activation] = ContextVar("activation", default=_NO_CALL)
"""The call that this task answers."""
