"""What every test of the store says of a job's process and of its result."""

from __future__ import annotations

from deepaas.jobs.records import JobResult, Owner

OWNER = Owner(host="here", boot_id="b", pid=1, start_ticks=2)
RESULT = JobResult(media_type="application/json", size_bytes=1, file="result")
