"""Does a worker's work in this process, for those who have no server.

The command line and `deepaas.testing` call a model through this: the same binding, the
same codecs and the same errors as behind HTTP, with one prediction at a time and the
model in the process that asks.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from deepaas import messages
from deepaas.errors import DeepaasError, ModelLoadError
from deepaas.failures import error_of
from deepaas.model.arguments import Upload
from deepaas.model.payload import safe_suffix
from deepaas.worker.runner import Call, RequestFolder, Runner
from deepaas.worker.single import SingleCaller

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepaas.model.arguments import Inputs
    from deepaas.model.loading import LoadedModel
    from deepaas.model.results import Encoded

_REQUEST_ID: Final = "inline"

_decode_failure: Final = msgspec.msgpack.Decoder(messages.Failure).decode


class InlineWorker:
    """Runs the operations of one model, one call after the other.

    A call goes through `begin` or `bind`, then `run`, then `encode` or `stream`. Each
    of them raises the error that a caller of a server would be told of; only a
    `KeyboardInterrupt` passes through.

    Attributes:
        model: The loaded model.
    """

    def __init__(self, model: LoadedModel) -> None:
        self.model = model
        self._folder = tempfile.mkdtemp(prefix="deepaas-inline-")
        self._calls = 0
        self._runner = Runner(
            model,
            load=messages.Load(name=model.name, references=(), spool_dir=self._folder),
        )
        self._caller = SingleCaller()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Call the model's `close`, and remove the files of all calls."""
        try:
            self.model.close()
        finally:
            self._caller.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def warm(self) -> None:
        """Call the model's `warm`, if it has one.

        Raises:
            ModelLoadError: It failed.
        """
        try:
            self._caller.wait(self.model.warm())
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise ModelLoadError(
                self.model.name,
                f"warm failed: {type(error).__name__}: {error}",
                traceback=traceback.format_exc(),
            ) from error

    def begin(self, request: messages.Predict, body: messages.Body) -> Call:
        """Read and validate the inputs of a request."""
        self._number(request)
        with self._telling_callers():
            return self._runner.begin(request, body)

    def bind(self, operation: str, inputs: Inputs, *, accept: str = "") -> Call:
        """Validate inputs; their files are copied, because the model may keep them."""
        request = messages.Predict(
            seq=0, request_id=_REQUEST_ID, operation=operation, accept=accept
        )
        self._number(request)
        folder = RequestFolder(f"{self._folder}/{request.seq}", exists=False)
        if accept:
            inputs.headers = {**inputs.headers, "accept": accept}
        try:
            with self._telling_callers():
                inputs.form = _with_copies(inputs.form, folder)
                return self._runner.bind(request, inputs, folder=folder)
        except BaseException:
            folder.remove()
            raise

    def run(self, call: Call) -> Any:
        """Return what the model's function returns for a call."""
        with self._telling_callers():
            return self._caller.call(call)

    def encode(self, call: Call, result: Any) -> Encoded:
        """Return a result as it would be sent; a file stays until `forget`."""
        if call.operation.codec.is_streaming:
            result = self.pieces(result)
        with self._telling_callers():
            return self._runner.encode(call, result)

    def pieces(self, result: Any) -> Iterator[Any]:
        """Yield the pieces of a streamed result as the model made them."""
        with self._telling_callers():
            yield from self._caller.pieces(result)

    def stream(self, call: Call, result: Any) -> Iterator[bytes]:
        """Yield the pieces of a streamed result as they would be sent.

        If the stream breaks off, the last piece says so where the media type has a
        way to, and then the error is raised.
        """
        is_begun = False
        try:
            for piece in self.pieces(result):
                with self._telling_callers():
                    chunk = self._runner.encode_chunk(call, piece)
                yield chunk
                is_begun = True
        except DeepaasError as error:
            if is_begun:
                yield call.operation.codec.encode_broken(error.detail, call.media_type)
            raise

    def forget(self, call: Call) -> None:
        """Remove the files of a call."""
        call.folder.remove()

    def _number(self, request: messages.Predict) -> None:
        self._calls += 1
        request.seq = self._calls

    @contextmanager
    def _telling_callers(self) -> Iterator[None]:
        """Raise what a caller of a server would be told, whatever is raised."""
        try:
            yield
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            # By way of the record's bytes, so that it is what a server makes of it.
            record = messages.encode(self._runner.failure(0, error))
            raise error_of(_decode_failure(record)) from error


def _with_copies(
    form: Sequence[tuple[str, str | Upload]], folder: RequestFolder
) -> list[tuple[str, str | Upload]]:
    return [
        (name, _copy(value, folder, number) if isinstance(value, Upload) else value)
        for number, (name, value) in enumerate(form)
    ]


def _copy(upload: Upload, folder: RequestFolder, number: int) -> Upload:
    path = f"{folder()}/upload-{number}{safe_suffix(upload.filename)}"
    shutil.copyfile(upload.path, path)
    return dataclasses.replace(upload, path=path)
