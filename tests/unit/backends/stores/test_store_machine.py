"""The store against a model of it that fits on a page."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from tests.support.jobs import OWNER, RESULT

from deepaas import errors
from deepaas.backends.stores.sqlite import SqliteJobStore
from deepaas.jobs.ids import JobIds
from deepaas.jobs.records import (
    IdempotencyKey,
    Job,
    JobChanges,
    JobFilter,
    JobOutput,
    JobRequest,
    ModelVersion,
    Step,
)
from deepaas.jobs.states import JobEvent, JobState, next_state

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
MODELS = ("resnet", "yolo")
MOST_WAITING = 4

models = st.sampled_from(MODELS)
operations = st.sampled_from(["predict", "train", "validate"])
events = st.sampled_from([one for one in JobEvent if one is not JobEvent.CLAIMED])
attempts = st.none() | st.integers(0, 3)


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to a dictionary of jobs."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.store = SqliteJobStore(self.folder)
        self.now = START
        self.make_ids = JobIds()
        self.jobs: dict[str, Job] = {}
        self.history: dict[str, list[JobState]] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.versions: dict[str, int] = dict.fromkeys(MODELS, 0)
        self.active: dict[str, int] = dict.fromkeys(MODELS, 0)

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        return self.runner.run(coroutine)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def keep(self, job: Job) -> None:
        self.jobs[job.id] = job
        self.history.setdefault(job.id, []).append(job.state)

    @initialize()
    def open(self) -> None:
        self.run(self.store.open())

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    # ------------------------------------------------------------------- the rules

    @rule(
        target=ids,
        model=models,
        operation=operations,
        name=st.none() | st.sampled_from("ab"),
        fingerprint=st.sampled_from("xy"),
    )
    def add(
        self, model: str, operation: str, name: str | None, fingerprint: str
    ) -> object:
        now = self.tick()
        job = Job(
            id=self.make_ids.next(int(now.timestamp() * 1000), bytes(10)),
            model=model,
            operation=operation,
            created=now,
            updated=now,
            request=JobRequest(body=b"\xff\0"),
        )
        key = (
            IdempotencyKey(scope="s", key=name, fingerprint=fingerprint)
            if name
            else None
        )
        try:
            added = self.run(self.store.add(job, key=key, most_waiting=MOST_WAITING))
        except errors.IdempotencyMismatchError:
            assert name is not None
            assert fingerprint != self.keys[name][0]
            return multiple()
        except errors.TooManyJobsError:
            assert MOST_WAITING == len(self.in_state(JobState.ACCEPTED))
            return multiple()
        if name in self.keys:
            assert added.is_replay
            assert (fingerprint, added.job.id) == self.keys[name]
            return multiple()
        assert job == added.job
        assert not added.is_replay
        if name is not None:
            self.keys[name] = (fingerprint, job.id)
        self.keep(job)
        return job.id

    @rule(wanted=st.sets(models))
    def claim(self, wanted: set[str]) -> None:
        now = self.tick()
        waiting = [
            one
            for one in self.in_state(JobState.ACCEPTED)
            if one.model in wanted and (one.not_before is None or one.not_before <= now)
        ]

        claimed = self.run(
            self.store.claim_oldest(now=now, owner=OWNER, models=frozenset(wanted))
        )

        if not waiting:
            assert claimed is None
            return
        oldest = min(waiting, key=lambda one: one.id)
        expected = msgspec.structs.replace(
            oldest,
            state=JobState.RUNNING,
            attempt=oldest.attempt + 1,
            started=now,
            updated=now,
            not_before=None,
            cause="",
            detail="",
            failure=None,
            exit_status=None,
            signal=None,
            owner=OWNER,
        )
        assert expected == claimed
        self.keep(expected)

    @rule(job_id=ids, event=events, attempt=attempts, wait_s=st.none() | st.just(5))
    def let_happen(
        self, job_id: str, event: JobEvent, attempt: int | None, wait_s: int | None
    ) -> None:
        self.move(job_id, event, attempt, wait_s)

    @precondition(lambda self: self.in_state(JobState.RUNNING))
    @rule(data=st.data(), wait_s=st.none() | st.just(5))
    def try_again(self, data: st.DataObject, wait_s: int | None) -> None:
        job = data.draw(st.sampled_from(self.in_state(JobState.RUNNING)))
        self.move(job.id, JobEvent.REQUEUED, job.attempt, wait_s)

    @rule(
        job_id=ids, attempt=st.integers(1, 3), has_made=st.booleans(), on=st.booleans()
    )
    def complete(self, job_id: str, attempt: int, has_made: bool, on: bool) -> None:
        now, job = self.tick(), self.jobs[job_id]
        number = self.run(self.store.next_version(job.model))
        assert self.versions[job.model] + 1 == number
        made = ModelVersion(model=job.model, number=number, job=job_id, created=now)
        output = JobOutput(
            result=RESULT, version=made if has_made else None, is_activated=on
        )
        try:
            self.run(
                self.store.complete(job_id, now=now, attempt=attempt, output=output)
            )
        except errors.JobStateConflictError:
            assert self.is_conflict(job, JobEvent.COMPLETED, attempt)
            return
        assert not self.is_conflict(job, JobEvent.COMPLETED, attempt)
        if has_made:
            self.versions[job.model] = number
            self.active[job.model] = number if on else self.active[job.model]
        self.keep(
            msgspec.structs.replace(
                job,
                state=JobState.SUCCESSFUL,
                updated=now,
                finished=now,
                result=RESULT,
                made_version=number if has_made else None,
                owner=None,
            )
        )

    @rule(job_id=ids)
    def hide(self, job_id: str) -> None:
        self.run(self.store.hide(job_id))
        self.jobs[job_id] = msgspec.structs.replace(self.jobs[job_id], is_hidden=True)

    @rule(job_id=consumes(ids))
    def purge(self, job_id: str) -> None:
        self.run(self.store.purge([job_id]))
        del self.jobs[job_id], self.history[job_id]
        self.keys = {
            name: kept for name, kept in self.keys.items() if kept[1] != job_id
        }

    @rule()
    def restart(self) -> None:
        self.run(self.store.close())
        self.store = SqliteJobStore(self.folder)
        self.run(self.store.open())

    def move(
        self, job_id: str, event: JobEvent, attempt: int | None, wait_s: int | None
    ) -> None:
        now, job = self.tick(), self.jobs[job_id]
        changes = JobChanges(
            cause="model_error",
            detail="It was \udcff.",
            failure={"code": "model_error"},
            exit_status=1,
            not_before=now + timedelta(seconds=wait_s) if wait_s else None,
        )
        step = Step(event=event, now=now, attempt=attempt, changes=changes)
        try:
            self.run(self.store.move(job_id, step))
        except errors.JobStateConflictError:
            assert self.is_conflict(job, event, attempt)
            return
        assert not self.is_conflict(job, event, attempt)
        state = next_state(job.state, event)
        self.keep(
            msgspec.structs.replace(
                job,
                state=state,
                updated=now,
                finished=now if state.is_final else None,
                owner=None,
                **msgspec.structs.asdict(changes) | {"detail": "It was \\udcff."},
            )
        )

    # ---------------------------------------------------------------- what is true

    def in_state(self, state: JobState) -> list[Job]:
        return [one for one in self.jobs.values() if one.state is state]

    def is_conflict(self, job: Job, event: JobEvent, attempt: int | None) -> bool:
        try:
            next_state(job.state, event)
        except errors.JobStateConflictError:
            return True
        return attempt is not None and attempt != job.attempt

    @rule(job_id=ids)
    def look(self, job_id: str) -> None:
        states = self.history[job_id]

        steps = self.run(self.store.transitions(job_id))

        assert self.jobs[job_id] == self.run(self.store.get(job_id))
        assert states == [one.state for one in steps]
        assert list(range(1, len(states) + 1)) == [one.number for one in steps]

    @rule()
    def look_at_what_is_derived(self) -> None:
        running = self.run(self.store.running())
        visible = self.run(self.store.page(JobFilter(is_ascending=True, limit=2)))
        final = self.run(self.store.final_jobs(limit=1000))

        assert self.in_state(JobState.RUNNING) == running
        shown = sorted(one.id for one in self.jobs.values() if not one.is_hidden)
        assert shown[:2] == [one.id for one in visible.jobs]
        assert bool(shown[2:]) == bool(visible.next_cursor)
        assert {one.id for one in self.jobs.values() if one.state.is_final} == {
            one.id for one in final
        }
        for model in MODELS:
            assert self.active[model] == self.run(self.store.active_version(model))

    @invariant()
    def jobs_are_the_same(self) -> None:
        page = self.run(self.store.page(JobFilter(with_hidden=True)))

        expected = [
            msgspec.structs.replace(self.jobs[job_id], request=JobRequest())
            for job_id in sorted(self.jobs, reverse=True)
        ]
        assert expected == list(page.jobs)


StoreMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestStore = StoreMachine.TestCase
