"""What jobs may do, as the operator wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepaas.runtime.jobworkers import ProcessLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.jobs.retention import Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """What jobs may do.

    Attributes:
        slots: Jobs that run at the same time.
        devices: What jobs get one of each; on each, `slots` jobs run at a time.
        has_exclusive_devices: Whether a training has its device for itself.
        most_waiting: Most jobs that wait; more are refused.
        grace_s: Seconds that a job has to end when it is told to.
        time_limit_s: Longest time that a job may run; 0 is no limit.
        process: What the process of a job may take.
        keep: How long jobs of each kind are kept, see `jobs.retention`.
        activates_versions: Whether the version that a training makes answers from then
            on.
        runs_only_own: Whether only jobs run that were submitted here; those that wait
            from before are left to a server.
    """

    slots: int = 1
    devices: tuple[str, ...] = ()
    has_exclusive_devices: bool = False
    most_waiting: int = 10_000
    grace_s: float = 10.0
    time_limit_s: float = 0.0
    process: ProcessLimits = ProcessLimits()  # noqa: RUF009 - it is frozen
    keep: Mapping[str, Keep] = field(default_factory=dict)
    activates_versions: bool = True
    runs_only_own: bool = False
