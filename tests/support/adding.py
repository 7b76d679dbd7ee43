"""A program that adds jobs to a store for as long as it lives.

    python -m tests.support.adding FOLDER CALLERS [SYNCHRONOUS]

It prints the id of each job as soon as the store has promised to keep it. With another
value of SQLite's `synchronous` than ours a test finds out whether it would notice.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from deepaas.backends.stores import writer
from deepaas.backends.stores.sqlite import SqliteJobStore
from deepaas.jobs.ids import JobIds
from deepaas.jobs.records import IdempotencyKey, Job


async def main(folder: str, callers: str, synchronous: str = "FULL") -> None:
    """Add jobs until somebody ends this process."""
    writer._PRAGMAS["synchronous"] = synchronous
    store = SqliteJobStore(Path(folder))
    await store.open()
    ids = JobIds()
    await asyncio.gather(*(add_jobs(store, ids) for _ in range(int(callers))))


async def add_jobs(store: SqliteJobStore, ids: JobIds) -> None:
    """Add one job after the other."""
    while True:
        now = datetime.now(UTC)
        job_id = ids.next(time.time_ns() // 1_000_000, os.urandom(10))
        job = Job(id=job_id, model="m", operation="train", created=now, updated=now)
        key = IdempotencyKey(scope="s", key=job_id, fingerprint="f")
        await store.add(job, key=key, most_waiting=1_000_000)
        os.write(1, f"{job_id}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
