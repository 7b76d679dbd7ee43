"""Runs a batch as one job: line by line, and what came of each is there at once.

A line that is wrong, or with which the model fails, has its problem in its place, and
the next one goes on. A batch that was cut off goes on behind the lines that are whole.
"""

from __future__ import annotations

import io
import itertools
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from deepaas import messages
from deepaas.backends.job_files import RESULT
from deepaas.backends.result_lines import LINES_FILE, ResultLines
from deepaas.failures import error_of
from deepaas.model.batch_lines import NDJSON, line_content, read_lines
from deepaas.model.files import File
from deepaas.model.job import Job
from deepaas.problems import document_of, problem_of
from deepaas.worker.provenance import write_provenance
from deepaas.worker.runner import Call, RequestFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.model.batch_lines import Line
    from deepaas.worker.runner import Runner
    from deepaas.worker.single import SingleCaller

_INLINE_BYTES: Final = 1 << 20

Begun = Call | BaseException


class BatchJob:
    """One batch that runs as a job."""

    def __init__(
        self,
        predict: messages.Predict,
        body: messages.Body,
        *,
        runner: Runner,
        caller: SingleCaller,
    ) -> None:
        assert predict.job is not None  # noqa: S101 - a batch in a job's process is one
        self._predict = predict
        self._body = body
        self._context = predict.job
        self._runner = runner
        self._caller = caller
        self._folder = Path(predict.job.folder)
        self._is_stopping = False

    def stop(self) -> bool:
        """Note that the job shall end; it does at once, whatever runs."""
        self._is_stopping = True
        return False

    def run(self) -> messages.Answer:
        """Run all lines that have not been run; returns where the results are.

        Raises:
            OSError: The disk does not take them.
        """
        self._write_provenance()
        job = Job(
            job_id=self._context.id,
            attempt=self._context.attempt,
            folder=self._context.folder,
        )
        with self._open() as file:
            total = sum(1 for _ in read_lines(file, inline_bytes=_INLINE_BYTES))
        with self._open() as file, ResultLines(self._folder) as results:
            lines = read_lines(file, inline_bytes=_INLINE_BYTES)
            results.begin(0)
            rest = itertools.islice(lines, results.count, None)
            while group := list(itertools.islice(rest, self._group_size())):
                results.begin(len(group))
                for outcome in self._outcomes(group, file):
                    results.add(outcome)
                done = results.count
                job.progress(done, total, message=f"{done} of {total} lines")
        return messages.Answer(
            seq=self._predict.seq, media_type=NDJSON, body_path=str(self._result())
        )

    # ---------------------------------------------------------------- the lines

    def _group_size(self) -> int:
        batch = self._runner.model.operations["predict"].batch
        return 1 if batch is None or self._context.is_careful else batch.max_size

    def _outcomes(self, group: list[Line], file: BinaryIO) -> Iterator[bytes]:
        """Yield what comes of lines that are run together."""
        begun = [self._begin(line, file) for line in group]
        calls = [one for one in begun if isinstance(one, Call)]
        results = iter(self._results(calls))
        for line, one in zip(group, begun, strict=True):
            if isinstance(one, Call):
                yield self._encoded(one, next(results))
            else:
                yield self._problem(line.index, one)

    def _begin(self, line: Line, file: BinaryIO) -> Begun:
        record = msgspec.structs.replace(
            self._predict,
            seq=line.index,
            request_id=self._request_id(line.index),
            content_type="",
            accept="",
            envelope="line",
            body_path="",
            folder="",
            job=None,
        )
        try:
            return self._runner.begin(record, line_content(line, file))
        except BaseException as error:  # noqa: BLE001 - reported in the line's place
            return self._of_line(error)

    def _results(self, calls: list[Call]) -> list[Any]:
        """Return what the model makes of calls; an exception is one's own result."""
        if not calls:
            return []
        try:
            if self._runner.model.operations["predict"].batch is None:
                return [self._caller.call(calls[0])]
            return self._caller.call_together(calls)
        except BaseException as error:  # noqa: BLE001 - reported in the lines' places
            return [self._of_line(error)] * len(calls)

    def _encoded(self, call: Call, result: Any) -> bytes:
        try:
            if isinstance(result, BaseException):
                return self._problem(call.seq, result)
            if call.operation.codec.is_streaming:
                result = self._caller.pieces(result)
            return bytes(self._runner.encode(call, result).body)[1:]
        except BaseException as error:  # noqa: BLE001 - reported in the line's place
            return self._problem(call.seq, self._of_line(error))
        finally:
            call.folder.remove()

    def _problem(self, index: int, error: BaseException) -> bytes:
        failure = self._runner.failure(0, error)
        document = document_of(
            problem_of(error_of(failure)), request_id=self._request_id(index)
        )
        return b'"problem":' + msgspec.json.encode(document) + b"}"

    def _of_line(self, error: BaseException) -> BaseException:
        """Return what a line has raised, or raise what ends the job."""
        if self._is_stopping:
            raise error
        return error

    def _request_id(self, index: int) -> str:
        return f"{self._context.id}.{index}"

    # ---------------------------------------------------------------- the files

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        path = self._predict.body_path
        with Path(path).open("rb") if path else io.BytesIO(self._body) as file:
            yield file

    def _result(self) -> Path:
        """Return a second name of the lines, which whoever publishes them may take."""
        lines = self._folder / LINES_FILE
        target = self._folder / "work" / f"attempt-{self._context.attempt}" / RESULT
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(lines, target)
        except OSError:  # not every disk knows second names
            shutil.copyfile(lines, target)
        return target

    def _write_provenance(self) -> None:
        operation = self._runner.model.operations["predict"]
        path = self._predict.body_path
        lines = File(path, filename="lines.ndjson", content_type=NDJSON)
        call = Call(
            seq=self._predict.seq,
            request_id=self._predict.request_id,
            operation=operation,
            function=self.run,
            arguments={"lines": lines} if path else {},
            media_type=NDJSON,
            folder=RequestFolder(self._context.folder, exists=True),
            job=self._context,
        )
        write_provenance(call, model=self._runner.model)
