"""Stands where the jobs would be, when there are none, and says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from deepaas import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class NoJobs:
    """Why this server has no jobs. It starts and stops as `JobService` does.

    Attributes:
        reason: In a sentence; empty when the operator has switched them off.
    """

    reason: str = ""

    def refuse(self) -> NoReturn:
        """Tell a caller.

        Raises:
            JobsDisabledError: They are switched off.
            StoreUnavailableError: There is no place to keep them.
        """
        if not self.reason:
            raise errors.JobsDisabledError
        raise errors.StoreUnavailableError(self.reason, retry_after_s=30)

    async def start(self) -> None:
        """Start nothing."""

    async def wait_until_settled(self) -> None:
        """Wait for nothing: models are served as installed."""

    def drain(self) -> None:
        """Wait for nothing."""

    async def stop(self, *, grace_s: float) -> None:
        """Stop nothing."""

    def kill(self) -> None:
        """Kill nothing."""

    def count_running(self) -> int:
        """Return how many jobs run: none."""
        return 0

    def process_ids(self) -> list[int]:
        """Return the ids of its processes: none."""
        return []
