"""The states of a job and what leads from one to the next.

The states are those of OGC API Processes (18-062r2, `statusCode`). The last three are
final: nothing leads out of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from deepaas.errors import JobStateConflictError


class JobState(StrEnum):
    """Where a job is in its life."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"

    @property
    def is_final(self) -> bool:
        """Whether the job stays as it is for ever."""
        return not TRANSITIONS[self]


class JobEvent(StrEnum):
    """What happens to a job."""

    CLAIMED = "claimed"
    COMPLETED = "completed"
    ERRORED = "errored"
    DISMISSED = "dismissed"
    INTERRUPTED = "interrupted"
    REQUEUED = "requeued"


TRANSITIONS: Final[dict[JobState, dict[JobEvent, JobState]]] = {
    JobState.ACCEPTED: {
        JobEvent.CLAIMED: JobState.RUNNING,
        JobEvent.DISMISSED: JobState.DISMISSED,
    },
    JobState.RUNNING: {
        JobEvent.COMPLETED: JobState.SUCCESSFUL,
        JobEvent.ERRORED: JobState.FAILED,
        JobEvent.DISMISSED: JobState.DISMISSED,
        JobEvent.INTERRUPTED: JobState.FAILED,
        JobEvent.REQUEUED: JobState.ACCEPTED,
    },
    JobState.SUCCESSFUL: {},
    JobState.FAILED: {},
    JobState.DISMISSED: {},
}

FINAL: Final = frozenset(state for state, events in TRANSITIONS.items() if not events)


def next_state(state: JobState, event: JobEvent) -> JobState:
    """Return the state that `event` leads to.

    Raises:
        JobStateConflictError: The event cannot happen in this state.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise JobStateConflictError(state=state, event=event) from None
