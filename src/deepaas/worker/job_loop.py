"""Runs jobs: one operation of any kind after the other, each with its job.

SIGTERM asks a job to end. One that looks at `job.is_stopping` is left to end by itself;
in any other, `SystemExit` is raised in the main thread, where the model runs, so that
its `finally` blocks and context managers do their work. Who does not end is killed
after a grace, which is not decided here.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from deepaas.model.job import Job
from deepaas.worker import output
from deepaas.worker.batch_job import BatchJob
from deepaas.worker.provenance import write_provenance
from deepaas.worker.single import SingleCaller
from deepaas.worker.sync_loop import SyncLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas import messages
    from deepaas.worker.runner import Call

_TERMINATED: Final = 128 + signal.SIGTERM


class JobLoop(SyncLoop):
    """Runs jobs one after the other."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._caller = SingleCaller()
        self._job: Job | BatchJob = Job()
        self._is_told_to_end = False

    def run(self) -> None:
        """Take jobs until the server closes its side."""
        signal.signal(signal.SIGTERM, self._on_sigterm)
        super().run()
        self._caller.close()

    def _predict(self, predict: messages.Predict, body: messages.Body) -> None:
        if predict.envelope != "batch":
            super()._predict(predict, body)
            return
        self._note_start(predict.seq)
        try:
            batch = BatchJob(predict, body, runner=self._runner, caller=self._caller)
            self._job = batch
            answer = batch.run()
        except BaseException as error:  # noqa: BLE001 - reported to the server
            self._fail(predict.seq, error)
        else:
            self._data.send(answer)
        finally:
            self._job = Job()
            output.finish_lines()

    def _fail(self, seq: int, error: BaseException) -> None:
        """Report what was raised, and leave its traceback in the log of the job."""
        if not self._is_told_to_end:
            sys.stderr.write(self._runner.failure(seq, error).traceback)
        super()._fail(seq, error)

    def _invoke(self, call: Call) -> Any:
        self._job = _job_of(call)
        if call.job is not None:
            write_provenance(call, model=self._runner.model)
        return self._caller.call(call)

    def _pieces(self, result: Any) -> Iterator[Any]:
        return self._caller.pieces(result)

    def _on_sigterm(self, number: int, frame: object) -> None:
        del number, frame
        self._is_told_to_end = True
        if not self._job.stop():
            sys.exit(_TERMINATED)


def _job_of(call: Call) -> Job:
    found = [one for one in call.arguments.values() if isinstance(one, Job)]
    return found[0] if found else Job()
