"""What callers are told when a worker or their patience ended before an answer came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepaas import errors

if TYPE_CHECKING:
    from deepaas.backends.executors.process import Exit


def deadline_error(limit_s: float, *, waited: bool) -> errors.DeadlineError:
    """Return the error of a prediction that waited or ran too long."""
    what = "waited for a worker" if waited else "ran"
    return errors.DeadlineError(
        f"The prediction {what} longer than the deadline of {limit_s:g} s."
    )


def death_error(ended: Exit, *, model: str) -> errors.DeepaasError:
    """Return the error of a prediction whose worker ended."""
    if ended.cause == "stopped":
        return errors.DrainingError()
    if ended.cause == "memory_limit":
        detail = f"The worker of model {model!r} ran out of memory and was killed."
    elif ended.cause == "deadline":
        detail = (
            f"The worker of model {model!r} was killed because a prediction beside "
            "this one ran longer than its deadline."
        )
    else:
        detail = f"The worker of model {model!r} died: {ended}."
    return errors.WorkerDiedError(
        detail,
        cause="memory_limit" if ended.cause == "memory_limit" else "worker_died",
        exit_status=ended.exit_status,
        signal=ended.signal,
    )
