"""One prediction, from the request's bytes to the answer's bytes.

A `Runner` knows the model and nothing of sockets or loops: a loop calls `begin` when it
takes a prediction up, runs the model's function in its own way, and has the outcome
written by `finish` or `fail`. What the model has printed is out before that.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from deepaas import errors, messages
from deepaas.failures import failure_of
from deepaas.model import files, payload
from deepaas.model.execution import (
    in_document,
    in_line,
    object_inputs,
    read_execution,
)
from deepaas.model.interface import LEGACY_KINDS
from deepaas.model.job import Job
from deepaas.model.openinference.reading import read_tensors
from deepaas.model.openinference.request import read_request
from deepaas.model.openinference.specs import operation_tensors
from deepaas.model.openinference.writing import Inference, wanted_outputs
from deepaas.worker import output

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.model.arguments import Inputs
    from deepaas.model.loading import LoadedModel, Operation
    from deepaas.model.openinference.specs import OperationTensors
    from deepaas.model.results import Encoded


class Sender(Protocol):
    """Sends records to the server; a `Channel`, or a stand-in in tests."""

    def send(self, record: messages.Record, body: Any = b"") -> None:
        """Send one record with its body."""


@dataclass(slots=True, kw_only=True)
class Call:
    """A prediction that was begun: its arguments are bound.

    Attributes:
        function: The model's function; its existence was checked.
        folder: Returns the folder for the request's files, made when first needed.
        is_document: Whether the result is sent within a document of its outputs (OGC).
        is_line: Whether that document is sent as a line of a batch.
        inference: What is sent instead, where tensors were asked for.
        job: The job that it runs as, or None.
    """

    seq: int
    request_id: str
    operation: Operation
    function: Callable[..., Any]
    arguments: dict[str, Any]
    media_type: str
    folder: RequestFolder
    is_document: bool = False
    is_line: bool = False
    inference: Inference | None = None
    job: messages.JobContext | None = None

    @property
    def is_streamed(self) -> bool:
        """Whether the result is sent piece by piece."""
        return self.operation.codec.streams(self.media_type)


class RequestFolder:
    """The folder for one request's files, made when first needed."""

    def __init__(self, path: str, *, exists: bool) -> None:
        self._path = path
        self._exists = exists
        self._is_ours = not exists

    def __call__(self) -> str:
        """Return the folder's path; it exists from now on."""
        if not self._exists:
            # With parents: a model may have cleared away what it takes for its own.
            Path(self._path).mkdir(mode=0o700, parents=True)
            self._exists = True
        return self._path

    def remove(self) -> None:
        """Remove the folder if it was made here; the server removes its own."""
        if self._exists and self._is_ours:
            shutil.rmtree(self._path, ignore_errors=True)


def _job(context: messages.JobContext | None) -> Job:
    if context is None:
        return Job()
    return Job(job_id=context.id, attempt=context.attempt, folder=context.folder)


class Runner:
    """Carries predictions of one model from bytes to bytes."""

    def __init__(self, model: LoadedModel, *, load: messages.Load) -> None:
        self.model = model
        self._spool = load.spool_dir
        self._inline_body_bytes = load.inline_body_bytes
        self._hides_detail = not load.error_detail
        self._is_lenient = model.kind in LEGACY_KINDS
        self._found_tensors: dict[str, OperationTensors] = {}

    def begin(self, predict: messages.Predict, body: messages.Body) -> Call:
        """Read and validate the inputs of a prediction.

        Raises:
            DeepaasError: The request is wrong or asks for what the model has not; or
                any exception that a 2.x model's own fields raise.
        """
        self._operation(predict.operation)
        if predict.environment:
            os.environ.update(predict.environment)
        folder = RequestFolder(
            predict.folder or f"{self._spool}/{predict.seq}",
            exists=bool(predict.folder),
        )
        try:
            if predict.envelope == "ogc":
                return self._begin_execution(predict, body=body, folder=folder)
            if predict.envelope in ("arguments", "line"):
                return self._begin_object(predict, body=body, folder=folder)
            if predict.inference is not None:
                return self._begin_inference(
                    predict, predict.inference, body=body, folder=folder
                )
            inputs = self._read(predict, body=body, folder=folder)
            return self.bind(predict, inputs, folder=folder)
        except BaseException:
            folder.remove()
            raise

    def bind(
        self, predict: messages.Predict, inputs: Inputs, *, folder: RequestFolder
    ) -> Call:
        """Validate inputs that have been read already; see `begin`."""
        operation = self._operation(predict.operation)
        with files.use_folder(lambda: Path(folder())):
            arguments = operation.signature.bind(inputs)
        if operation.function is None:
            raise errors.OperationNotImplementedError(self.model.name, operation.name)
        if operation.injected:
            arguments |= operation.injected.values(
                job=_job(predict.job), version=self.model.version
            )
        return Call(
            seq=predict.seq,
            request_id=predict.request_id,
            operation=operation,
            function=operation.function,
            arguments=arguments,
            media_type=operation.codec.choose(predict.accept, arguments),
            folder=folder,
            job=predict.job,
        )

    def finish(self, call: Call, result: Any, *, sender: Sender) -> None:
        """Encode a result and send it; what cannot be encoded is sent as a failure.

        The request's files are gone when the caller has the answer.
        """
        try:
            encoded = self.encode(call, result)
            answer, body = self._answer(call, encoded)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            call.folder.remove()
            self.fail(call.seq, error, sender=sender)
        else:
            call.folder.remove()
            output.finish_lines()
            sender.send(answer, body)

    def encode(self, call: Call, result: Any) -> Encoded:
        """Return a result as it goes out.

        Raises:
            BadOutputError: It cannot be represented.
        """
        codec = call.operation.codec
        if call.inference is not None:
            return call.inference.encode(
                result, codec=codec, media_type=call.media_type
            )
        encoded = codec.encode(result, call.media_type)
        if call.is_line:
            return in_line(encoded)
        return in_document(encoded) if call.is_document else encoded

    def fail(self, seq: int, error: BaseException, *, sender: Sender) -> None:
        """Send what went wrong instead of a result."""
        output.finish_lines()
        sender.send(self.failure(seq, error))

    def failure(self, seq: int, error: BaseException) -> messages.Failure:
        """Return the record that reports what a model, or its request, raised."""
        return failure_of(seq, self._translate(error), hide_detail=self._hides_detail)

    def encode_chunk(self, call: Call, piece: Any) -> bytes:
        """Return one piece of a streamed result."""
        return call.operation.codec.encode_chunk(piece, call.media_type)

    def _operation(self, name: str) -> Operation:
        operation = self.model.operations.get(name)
        if operation is None:
            raise errors.OperationNotImplementedError(self.model.name, name)
        return operation

    def _begin_execution(
        self, predict: messages.Predict, *, body: messages.Body, folder: RequestFolder
    ) -> Call:
        operation = self._operation(predict.operation)
        raw = Path(predict.body_path).read_bytes() if predict.body_path else body
        with files.use_folder(lambda: Path(folder())):
            execution = read_execution(
                raw, arguments=operation.signature.arguments, kind=self.model.kind
            )
        if predict.accept:
            execution.inputs.headers = {"accept": predict.accept}
        call = self.bind(predict, execution.inputs, folder=folder)
        call.is_document = execution.is_document
        return call

    def _begin_object(
        self, predict: messages.Predict, *, body: messages.Body, folder: RequestFolder
    ) -> Call:
        """Read the inputs from an object of all, such as a line of a batch."""
        operation = self._operation(predict.operation)
        head = msgspec.structs.replace(predict, content_type="", body_path="")
        inputs = self._read(head, body=b"", folder=folder)
        raw = Path(predict.body_path).read_bytes() if predict.body_path else body
        with files.use_folder(lambda: Path(folder())):
            given = object_inputs(
                raw, arguments=operation.signature.arguments, kind=self.model.kind
            )
        inputs.query = [*inputs.query, *given.query]
        inputs.form, inputs.json = given.form, given.json
        inputs.raw_json = given.raw_json
        if operation.codec.is_streaming:
            head.accept = payload.JSON  # all pieces at once, as one array
        call = self.bind(head, inputs, folder=folder)
        call.is_line = predict.envelope == "line"
        return call

    def _begin_inference(
        self,
        predict: messages.Predict,
        head: messages.InferenceHead,
        *,
        body: messages.Body,
        folder: RequestFolder,
    ) -> Call:
        operation = self._operation(predict.operation)
        specs = self._tensors(operation)
        request = read_request(
            Path(predict.body_path) if predict.body_path else body,
            json_bytes=head.json_bytes,
            coding=head.coding,
            limit_bytes=head.limit_bytes,
        )
        with request.tensors, files.use_folder(lambda: Path(folder())):
            inputs = read_tensors(
                request,
                specs.inputs,
                arguments=operation.signature.arguments,
                kind=self.model.kind,
            )
        outputs = wanted_outputs(request, specs.outputs)
        self._take_head(predict, inputs)
        # All pieces of a stream at once, as one array.
        accept = payload.JSON if operation.codec.is_streaming else ""
        whole = msgspec.structs.replace(predict, accept=accept)
        call = self.bind(whole, inputs, folder=folder)
        call.inference = Inference(
            id=request.id,
            model=self.model.name,
            version=self.model.version.number,
            outputs=outputs,
            coding=head.answer_coding,
        )
        return call

    def _tensors(self, operation: Operation) -> OperationTensors:
        """Return the tensors of an operation; they are looked up once."""
        found = self._found_tensors.get(operation.name)
        if found is None:
            signature, codec = operation.signature, operation.codec
            found = operation_tensors(
                signature.arguments,
                definitions={**signature.definitions, **codec.definitions},
                result_schema=codec.schema,
                media_types=codec.media_types,
                is_streaming=codec.is_streaming,
                kind=self.model.kind,
            )
            self._found_tensors[operation.name] = found
        return found

    def _read(
        self, predict: messages.Predict, *, body: messages.Body, folder: RequestFolder
    ) -> Inputs:
        inputs = payload.read_inputs(
            query=predict.query,
            content_type=predict.content_type,
            body=Path(predict.body_path) if predict.body_path else body,
            folder=folder,
            is_lenient=self._is_lenient,
        )
        self._take_head(predict, inputs)
        if predict.accept:
            inputs.headers = {**inputs.headers, "accept": predict.accept}
        if predict.query and not self._is_lenient:
            self._take_accept(predict, inputs)
        return inputs

    def _take_head(self, predict: messages.Predict, inputs: Inputs) -> None:
        """Add the headers and cookies that arguments of a 2.x model read."""
        inputs.headers = predict.headers or {}
        if predict.cookie:
            inputs.cookies = payload.read_cookies(predict.cookie)

    def _take_accept(self, predict: messages.Predict, inputs: Inputs) -> None:
        """Let `accept` in the query stand for the header.

        The platform's page sends it to every model, and a person can type it; a native
        model would refuse it as an unknown argument. (2.x models have it as one.)
        """
        arguments = self._operation(predict.operation).signature.arguments
        if any(one.name == "accept" for one in arguments):
            return
        wanted = [value for name, value in inputs.query if name == "accept"]
        if wanted:
            predict.accept = wanted[0]
            inputs.query = [pair for pair in inputs.query if pair[0] != "accept"]

    def _answer(self, call: Call, encoded: Any) -> tuple[messages.Answer, Any]:
        """Return the record for a result; a large body goes through a file."""
        body, path = encoded.body, ""
        if encoded.path:
            path = self._copy_to_spool(call, Path(encoded.path))
        elif len(body) > self._inline_body_bytes:
            path = self._answer_path(call)
            Path(path).write_bytes(body)
            body = b""
        answer = messages.Answer(
            seq=call.seq,
            media_type=encoded.media_type,
            filename=encoded.filename.encode("utf-8", "replace").decode("utf-8"),
            body_path=path,
            json_bytes=encoded.json_bytes,
            coding=encoded.coding,
        )
        return answer, body

    def _answer_path(self, call: Call) -> str:
        Path(self._spool).mkdir(mode=0o700, exist_ok=True)
        return f"{self._spool}/answer-{call.seq}"

    def _copy_to_spool(self, call: Call, source: Path) -> str:
        # A copy, because the model may go on writing to its file, or keep it.
        target = self._answer_path(call)
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise errors.BadOutputError(
                f"The file that the model returned cannot be read: {error}"
            ) from error
        return target

    def _translate(self, error: BaseException) -> BaseException:
        if not self._is_lenient or isinstance(error, errors.DeepaasError):
            return error
        from deepaas.model import legacy

        try:
            translated = legacy.translate_exception(
                error, model=self.model.name, operation="predict"
            )
        except Exception:  # noqa: BLE001 - it asks a model's own exception for its text
            return error
        return translated or error
