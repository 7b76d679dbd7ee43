"""What becomes of a batch whose process dies over one of its lines.

A job ends with its process, but for a batch: of that, the lines that were at work are
lost, and the others are not to blame. Lines that the process ran together are run
again, one after the other, where the model says that running twice does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from deepaas.backends.result_lines import ResultLines
from deepaas.problems import document_of, problem_of
from deepaas.runtime.causes import death_error

if TYPE_CHECKING:
    from pathlib import Path

    from deepaas.backends.executors.process import Exit
    from deepaas.jobs.records import Job

_MOST_IN_A_ROW: Final = 10
"""A model that dies of so many lines, one after the other, dies of all."""


class BatchDeaths:
    """Settles the deaths of the processes of one batch; blocking, for a thread.

    Attributes:
        is_careful: Whether the next process shall run one line after the other.
    """

    def __init__(self, job: Job, folder: Path) -> None:
        self.is_careful = False
        self._job = job
        self._folder = folder
        self._row = 0
        self._last_count = -1

    def settle(self, ended: Exit) -> bool:
        """Give lines of which a process has died their problem.

        Args:
            ended: How it died.

        Returns:
            Whether the batch may go on with a new process.

        Raises:
            OSError: The disk does not take it.
        """
        with ResultLines(self._folder) as results:
            lost = results.begun - results.count
            self._row = self._row + 1 if results.count == self._last_count else 1
            if self._row > _MOST_IN_A_ROW:
                return False
            self.is_careful = self._job.is_restartable and lost > 1
            if not self.is_careful:
                for _ in range(lost):
                    results.add(self._problem(ended, results.count))
            self._last_count = results.count
        return True

    def _problem(self, ended: Exit, index: int) -> bytes:
        error = death_error(ended, model=self._job.model)
        document = document_of(problem_of(error), request_id=f"{self._job.id}.{index}")
        return b'"problem":' + msgspec.json.encode(document) + b"}"
