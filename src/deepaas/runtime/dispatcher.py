"""Gives free slots to jobs that wait, and carries the jobs out.

Which processes run at the moment is the only thing about jobs that is kept in memory.
"""

from __future__ import annotations

import asyncio
import collections
import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from deepaas import errors
from deepaas.backends.owner import this_process
from deepaas.runtime.jobrun import JobRun, RunTools

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.jobs.records import Job
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.joblimits import JobLimits
    from deepaas.runtime.jobnews import JobNews

logger = logging.getLogger(__name__)

_RETRY_TICK_S: Final = 1.0


class Dispatcher:
    """Runs jobs, oldest first, as many at a time as there are slots."""

    def __init__(
        self,
        tools: RunTools,
        *,
        plane: DataPlane,
        news: JobNews,
        limits: JobLimits,
    ) -> None:
        """Run nothing yet.

        Args:
            tools: What a job needs.
            plane: Whose models they are of.
            news: Hears of jobs that begin and end.
            limits: How many may run, on which devices, and which.
        """
        self._tools = tools
        self._plane = plane
        self._news = news
        self._limits = limits
        self._own: set[str] | None = set() if limits.runs_only_own else None
        self._runs: dict[str, JobRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._exclusive: collections.Counter[str] = collections.Counter()

    # --------------------------------------------------------------- life cycle

    def start(self) -> None:
        """Begin to run jobs."""
        self._dispatching = asyncio.create_task(self._dispatch())

    def drain(self) -> None:
        """Begin no more jobs, and tell those that run to end."""
        self._is_stopping = True
        if self._dispatching is not None:
            self._dispatching.cancel()
        for run in self._runs.values():
            run.end("interrupted")

    def kill(self) -> None:
        """End the processes of all jobs now."""
        self._is_stopping = True
        for run in self._runs.values():
            run.cause = run.cause or "interrupted"
            run.kill()

    async def wait_until_idle(self, *, timeout_s: float) -> None:
        """Wait until no job runs, or the time is up."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    # --------------------------------------------------------------------- jobs

    def add(self, job_id: str) -> None:
        """Run a job that has been accepted, when its turn comes."""
        if self._own is not None:
            self._own.add(job_id)
        self._wake.set()

    def end(self, job_id: str, cause: str) -> None:
        """Tell a job to end, if it runs."""
        run = self._runs.get(job_id)
        if run is not None:
            run.end(cause)

    def count_running(self) -> int:
        """Return how many jobs run."""
        return len(self._runs)

    def guardian_pids(self) -> list[int]:
        """Return the process ids of the guardians of jobs that run."""
        return [run.guardian_pid for run in self._runs.values() if run.guardian_pid]

    async def _dispatch(self) -> None:
        """Give free slots to jobs that wait, oldest first."""
        while True:
            try:
                while self._has_free_slot():
                    job = await self._tools.store.claim_oldest(
                        now=datetime.now(UTC),
                        owner=this_process(),
                        models=frozenset(self._plane.descriptions()),
                        only=None if self._own is None else frozenset(self._own),
                    )
                    if job is None:
                        break
                    self._begin(job)
            except errors.StoreUnavailableError as error:
                logger.warning("No job can begin: %s", error)
            self._wake.clear()
            try:
                # Also without news: jobs that are tried again wait for their time.
                async with asyncio.timeout(_RETRY_TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _begin(self, job: Job) -> None:
        run = JobRun(job, tools=self._tools, device=self._free_device())
        self._runs[job.id] = run
        self._news.announce(job.id)
        task = asyncio.create_task(self._carry_out(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, run: JobRun) -> None:
        try:
            async with self._device_of(run):
                await run.run()
        except Exception:
            logger.exception("Job %s: a bug of ours.", run.job.id)
        finally:
            del self._runs[run.job.id]
            self._news.announce(run.job.id)
            self._wake.set()

    def _has_free_slot(self) -> bool:
        return len(self._runs) < self._limits.slots * max(1, len(self._limits.devices))

    def _free_device(self) -> str:
        """Return the device on which the fewest jobs run; empty if none are given."""
        taken = [run.device for run in self._runs.values()]
        return min(self._limits.devices, key=taken.count, default="")

    @asynccontextmanager
    async def _device_of(self, run: JobRun) -> AsyncIterator[None]:
        """Let a training have its device for itself, if that is wanted."""
        if not self._limits.has_exclusive_devices or run.job.operation != "train":
            yield
            return
        self._exclusive[run.device] += 1
        try:
            await self._tools.workers.make_room()
            await self._plane.unload(run.device)
            yield
        finally:
            self._exclusive[run.device] -= 1
            if not self._exclusive[run.device] and not self._is_stopping:
                self._plane.reload(run.device)
