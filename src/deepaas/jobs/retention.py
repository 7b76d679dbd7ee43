"""Which jobs may go, so that the disk does not fill up with what nobody wants.

Each kind of job has limits of its own: predictions come by the thousand, trainings cost
days. What is newest stays. A job that is not final, or whose version exists, stays
whatever the limits say, and counts for none of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from deepaas.jobs.records import Job

T = TypeVar("T", int, timedelta)

REMOVED: Final = "removed"
"""The kind of the jobs that their callers have removed from sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much is kept of one kind of jobs; None means no limit.

    Attributes:
        age: How long after its end a job is kept.
        count: How many jobs are kept.
        size_bytes: How large their files may be together.
    """

    age: timedelta | None = None
    count: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A job, and what speaks for and against keeping it.

    Attributes:
        job: The job.
        size_bytes: Length of its files, without those of its version.
        has_version: Whether the version that it has made exists.
    """

    job: Job
    size_bytes: int
    has_version: bool

    @property
    def kind(self) -> str:
        """Whose limits count: its operation's, or those of what was removed."""
        return REMOVED if self.job.is_hidden else self.job.operation

    @property
    def may_go(self) -> bool:
        """Whether limits count for it at all."""
        return self.job.state.is_final and not self.has_version


def who_may_go(
    kept: Iterable[Kept], *, limits: Mapping[str, Keep], now: datetime
) -> list[str]:
    """Return the ids of the jobs that are over a limit, oldest first.

    Args:
        kept: All jobs, in any order.
        limits: For each kind: an operation, or `REMOVED`. A kind without limits is kept
            for ever.
        now: The time.
    """
    by_kind: dict[str, list[Kept]] = defaultdict(list)
    for one in kept:
        if one.may_go and one.kind in limits:
            by_kind[one.kind].append(one)
    gone = [
        one.job.id
        for kind, jobs in by_kind.items()
        for one in _beyond(jobs, limits[kind], now=now)
    ]
    return sorted(gone)


def _beyond(kept: Sequence[Kept], limit: Keep, *, now: datetime) -> Sequence[Kept]:
    """Return what is over a limit; once one job is, all that ended before it are.

    The newest job is never too large: its caller has not seen it yet.
    """
    newest_first = sorted(kept, key=_end_and_id, reverse=True)
    size_bytes = 0
    for place, one in enumerate(newest_first):
        size_bytes += one.size_bytes
        if (
            _is_over(now - _end_and_id(one)[0], limit.age)
            or _is_over(place + 1, limit.count)
            or (place > 0 and _is_over(size_bytes, limit.size_bytes))
        ):
            return newest_first[place:]
    return []


def _end_and_id(one: Kept) -> tuple[datetime, str]:
    return one.job.finished or one.job.updated, one.job.id


def _is_over(value: T, limit: T | None) -> bool:
    return limit is not None and value > limit
