"""What becomes of a job that ran when its server ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepaas.jobs.states import JobEvent

if TYPE_CHECKING:
    from deepaas.jobs.records import Job


def event_after_crash(job: Job) -> JobEvent:
    """Return what happens to a running job whose processes are gone.

    Only its author knows whether running twice does harm, so it starts again only if
    the model says that it may. That takes none of its retries, which are for failures
    of its own.
    """
    return JobEvent.REQUEUED if job.is_restartable else JobEvent.INTERRUPTED
