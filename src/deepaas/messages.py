"""The records that pass between the server and a worker process.

A worker has two stream sockets to its server. *Data* carries predictions; the
worker's main thread reads it, so a prediction costs no hand-over between threads.
*Control* carries everything that must be heard while a prediction runs.

Each frame is `<header length: u32> <body length: u32> <header> <body>`, little
endian. The header is one of the structs below as msgpack, tagged by its first
element; the body is opaque bytes, never copied into the header.

A server that wants a worker to end closes its side of *data*: the worker finishes what
it has, calls the model's `close` and exits.

Nothing here is ever pickled: a worker runs foreign code, and what it sends is data.
"""

from __future__ import annotations

import struct
from typing import Any, Final, Literal

import msgspec

from deepaas.model.arguments import Argument  # noqa: TC001 - msgspec reads hints

FRAME: Final = struct.Struct("<II")
"""Lengths of header and body, in bytes."""


class Record(msgspec.Struct, array_like=True, tag=True, kw_only=True):
    """The base of all records; the tag is the class's name."""


# ---------------------------------------------------------------- descriptions


class OperationDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows of one operation without importing the model.

    Attributes:
        name: `predict`, `train` or `validate`.
        is_implemented: False where the model describes arguments of an operation
            that it does not have.
        summary: First line of the docstring.
        description: The whole docstring.
        arguments: In the author's order.
        definitions: JSON Schemas that arguments and result refer to (`#/$defs/…`).
        allows_unknown: Whether unknown arguments are ignored (2.x, V1) or refused.
        result_schema: JSON Schema of the whole JSON answer, or None if unknown.
        result_name: For 2.x models with a `schema`, its name in documents.
        media_types: What the answer can be sent as; the first is the default.
        is_streaming: Whether the answer comes in pieces.
        header_names: Lower-case names of request headers that arguments read.
        uses_cookies: Whether an argument reads a cookie.
        max_batch_size: Most predictions in one call of the function; 1 means no
            batching.
        is_async: Whether one worker runs several predictions side by side.
        is_restartable: Whether a job that the server's end cut off starts again.
        retries: How often a job that failed is tried again.
        retry_delay_s: Seconds before the first of these.
    """

    name: str
    is_implemented: bool = True
    summary: str = ""
    description: str = ""
    arguments: tuple[Argument, ...] = ()
    definitions: dict[str, Any] = {}
    allows_unknown: bool = False
    result_schema: dict[str, Any] | None = None
    result_name: str | None = None
    media_types: tuple[str, ...] = ("application/json",)
    is_streaming: bool = False
    header_names: tuple[str, ...] = ()
    uses_cookies: bool = False
    max_batch_size: int = 1
    is_async: bool = False
    is_restartable: bool = False
    retries: int = 0
    retry_delay_s: float = 10.0


class ModelDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows of a model without importing it.

    Attributes:
        kind: `native`, `v2` or `v1`; decides the bodies of 400 and 422 answers.
        metadata: From `get_metadata` or the installed distribution.
        operations: By name; an operation that the model knows nothing of is absent.
        sources: The SHA-256 of its source files as they were loaded, by path.
    """

    kind: str
    metadata: dict[str, Any]
    operations: dict[str, OperationDescription]
    sources: dict[str, str] = {}


# ---------------------------------------------------------------- to the worker


class Load(Record):
    """Import the model, describe it and warm it up. The first record on *control*.

    Attributes:
        name: The model's name in addresses.
        references: Where the model comes from, see `deepaas.model.discovery`; of
            several the one of the newest kind is served.
        distribution: The installed distribution that offers it, or empty.
        warm: Whether to call the model's `warm`.
        spool_dir: Private folder of this worker; removed with it by the server.
        inline_body_bytes: Larger answers go through a file in `spool_dir`.
        error_detail: Whether the text of a model's exception reaches callers.
        version: The number of the version to serve; 0 is the model as installed.
        version_dir: The folder of that version, or empty.
        runs_jobs: Whether the worker runs jobs, one after the other, rather than
            predictions that somebody waits for.
        has_plain_output: Whether what the model prints goes to the server's own output,
            as it is, and not to its log.
    """

    name: str
    references: tuple[str, ...]
    distribution: str = ""
    warm: bool = True
    spool_dir: str = ""
    inline_body_bytes: int = 1 << 20
    error_detail: bool = True
    version: int = 0
    version_dir: str = ""
    runs_jobs: bool = False
    has_plain_output: bool = False


class JobContext(msgspec.Struct, frozen=True, kw_only=True):
    """The job that an operation runs as.

    Attributes:
        id: The job's id.
        attempt: 1 for the first.
        folder: The job's folder.
        is_careful: Whether a batch is run line by line, to find the one of which the
            process has died.
    """

    id: str
    attempt: int
    folder: str
    is_careful: bool = False


class InferenceHead(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of an inference request says of the body and of the answer.

    Attributes:
        json_bytes: How long the JSON is before the binary tensors; None if it is all.
        coding: How the body is compressed: `gzip`, `deflate` or empty.
        limit_bytes: Largest body, once it is not compressed any more; 0 is no limit.
        answer_coding: How the answer is to be compressed, or empty.
    """

    json_bytes: int | None = None
    coding: str = ""
    limit_bytes: int = 0
    answer_coding: str = ""


class Predict(Record):
    """Run one prediction. The frame's body is the request's body.

    Attributes:
        seq: Ascending per worker.
        request_id: For the log.
        query: The raw query string.
        content_type: The body's media type as sent, or empty.
        accept: The Accept header as sent, or empty.
        headers: The headers that the description's `header_names` ask for.
        cookie: The Cookie header, if the description asks for it.
        body_path: Where the body is, when it is too large for the frame.
        folder: The folder of this request, present when `body_path` is; the server
            removes it.
        operation: Nearly always `predict`.
        envelope: How the body carries the inputs: empty when it is the inputs, `ogc`
            when it is an execute request of OGC API Processes, `arguments` when it is
            one object of all arguments, whatever the kind of the model, `line` when
            that is a line of a batch, `batch` when it is a whole one.
        job: Set when it runs as a job.
        environment: Variables to set in the process before it begins, on platforms that
            tell of each call in this way.
        inference: Set when the body is a request of the Open Inference Protocol.
    """

    seq: int
    request_id: str
    query: bytes = b""
    content_type: str = ""
    accept: str = ""
    headers: dict[str, str] | None = None
    cookie: str = ""
    body_path: str = ""
    folder: str = ""
    operation: str = "predict"
    envelope: Literal["", "ogc", "arguments", "line", "batch"] = ""
    job: JobContext | None = None
    environment: dict[str, str] | None = None
    inference: InferenceHead | None = None


class Cancel(Record):
    """The callers of these predictions have left. On *control*.

    What has not begun is dropped (`Dropped`); async and generator predictions are
    cancelled; a running synchronous one goes on and its answer is thrown away.
    """

    seqs: tuple[int, ...]


class Credit(Record):
    """The server can take `size` more bytes of the stream of `seq`. On *control*."""

    seq: int
    size: int


class GetMetadata(Record):
    """Ask for the model's metadata as of now. On *control*."""

    call: int


class Validate(Record):
    """Bind the arguments of an operation without running it. On *control*.

    The frame's body is the request's body, as in `Predict`.
    """

    call: int
    predict: Predict


# ---------------------------------------------------------------- to the server


class Loaded(Record):
    """The model is loaded and warm; predictions may come. On *control*."""

    description: ModelDescription


class LoadFailed(Record):
    """The model cannot be loaded; the worker exits. On *control*."""

    reason: str
    traceback: str
    code: str = "model_load"


class Answer(Record):
    """A prediction succeeded; the frame's body is the answer's body. On *data*.

    Attributes:
        seq: Of the `Predict`.
        media_type: Of the body, with parameters.
        filename: For a Content-Disposition header, or empty.
        body_path: Where the body is, when it is too large for the frame; the server
            removes the file once it is sent.
        json_bytes: How long the JSON is before the binary tensors, if there are some.
        coding: How the body is compressed, or empty.
    """

    seq: int
    media_type: str
    filename: str = ""
    body_path: str = ""
    json_bytes: int | None = None
    coding: str = ""


class StreamStart(Record):
    """A prediction answers in pieces, which follow as `Chunk`s. On *data*."""

    seq: int
    media_type: str


class Chunk(Record):
    """The next piece, in the frame's body. On *data*."""

    seq: int


class Failure(Record):
    """A prediction, validation or metadata call failed. On *data* or *control*.

    Attributes:
        seq: Of the `Predict`, or the `call`.
        code: The `code` of the error's class in `deepaas.errors`.
        detail: The error in a sentence.
        facts: The error's other attributes, by name.
        traceback: For the log.
    """

    seq: int
    code: str
    detail: str
    facts: dict[str, Any] = {}
    traceback: str = ""


class StreamEnd(Record):
    """The last piece was sent. On *data*.

    Attributes:
        failure: Why the stream broke off, if it did; the last chunk told the caller.
    """

    seq: int
    failure: Failure | None = None


class Dropped(Record):
    """These predictions were cancelled before they began. On *data*."""

    seqs: tuple[int, ...]


class Metadata(Record):
    """Answers `GetMetadata`. On *control*."""

    call: int
    metadata: dict[str, Any]


class Valid(Record):
    """Answers `Validate`. On *control*.

    Attributes:
        call: Of the `Validate`.
        arguments: The arguments as the model will get them, defaults included, as
            plain JSON for people to read.
    """

    call: int
    arguments: dict[str, Any] = {}


ToWorker = Load | Predict | Cancel | Credit | GetMetadata | Validate
ToServer = (
    Loaded
    | LoadFailed
    | Answer
    | StreamStart
    | Chunk
    | StreamEnd
    | Failure
    | Dropped
    | Metadata
    | Valid
)


LARGE_BYTES: Final = 1 << 16
"""A body of this size is worth receiving where it stays."""


SentBody = bytes | bytearray | memoryview | list[bytes]
"""A frame's body as it is sent: whole, or the pieces in which it came."""

Body = bytes | memoryview
"""A frame's body as a worker has it; a large one is memory that nobody else uses."""


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def take_large(self) -> tuple[bytes, int, memoryview] | None:
        """Return the frame that has begun to come, if its body is large.

        Returns:
            Its header, the size of its body, and what is there of the body; the rest
            is for the caller to receive.
        """
        buffer = self._buffer
        if len(buffer) < FRAME.size:
            return None
        header_size, body_size = FRAME.unpack_from(buffer)
        start = FRAME.size + header_size
        if body_size < LARGE_BYTES or len(buffer) < start:
            return None
        self._buffer = bytearray()
        view = memoryview(buffer)
        return bytes(view[FRAME.size : start]), body_size, view[start:]

    def feed(self, data: bytes | bytearray | memoryview) -> list[tuple[bytes, bytes]]:
        """Return the headers and bodies of all frames that are complete by now."""
        buffer = self._buffer
        buffer += data
        frames: list[tuple[bytes, bytes]] = []
        start, end = 0, len(buffer)
        with memoryview(buffer) as view:
            while end - start >= FRAME.size:
                header_size, body_size = FRAME.unpack_from(view, start)
                header_start = start + FRAME.size
                body_start = header_start + header_size
                if end - body_start < body_size:
                    break
                start = body_start + body_size
                frames.append(
                    (
                        bytes(view[header_start:body_start]),
                        bytes(view[body_start:start]),
                    )
                )
        del buffer[:start]
        return frames


encode = msgspec.msgpack.Encoder().encode
decode_to_worker = msgspec.msgpack.Decoder(ToWorker).decode
decode_to_server = msgspec.msgpack.Decoder(ToServer).decode


def frame(record: Record, body: SentBody = b"") -> list[Any]:
    """Return the buffers of one frame, ready for a vectored write."""
    header = encode(record)
    if not body:
        return [FRAME.pack(len(header), 0) + header]
    if isinstance(body, list):
        return [FRAME.pack(len(header), sum(map(len, body))) + header, *body]
    return [FRAME.pack(len(header), len(body)) + header, body]
