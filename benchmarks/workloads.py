"""The workloads: what is sent, what the right answer is, how hard it is pushed."""

from __future__ import annotations

import base64
import json
import random
import struct
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = {"Content-Type": "application/json"}

_SHAPE = (1, 3, 224, 224)
_COUNT = 3 * 224 * 224
_UPLOAD_BYTES = 8 << 20
_BOUNDARY = "a-boundary-that-no-file-has"
_CHUNKS = 200


@dataclass(frozen=True, slots=True)
class Request:
    """A POST request, the same again and again."""

    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One row of the tables.

    Attributes:
        name: As in the tables, such as W1.
        title: What it is, in a few words.
        model: The model that answers, under every server.
        connections: How many clients ask at a time, run after run.
        workers: How many processes or threads may compute.
        slow_s: How long the model `slow` takes, in seconds.
        is_streamed: Whether the answer comes in pieces.
        is_right: Whether an answer is the right one.
    """

    name: str
    title: str
    model: str
    connections: tuple[int, ...]
    workers: int = 1
    slow_s: float = 0.05
    is_streamed: bool = False
    is_right: Callable[[bytes], bool]


def _has(expected: float, within: float = 0) -> Callable[[bytes], bool]:
    """Return a check that a JSON answer has a number somewhere."""

    def is_right(answer: bytes) -> bool:
        found = numbers_in(json.loads(answer))
        return any(abs(number - expected) <= within for number in found)

    return is_right


def numbers_in(value: Any) -> Iterator[float]:
    """Yield the numbers of a JSON document, and of JSON that is a text in it."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, int | float):
        yield float(value)


def _has_chunks(answer: bytes) -> bool:
    return answer.count(b'"n":') == _CHUNKS


@cache
def numbers() -> list[float]:
    """Return the pixels of W5, as they are written in JSON."""
    pick = random.Random(5)
    return [round(pick.random(), 6) for _ in range(_COUNT)]


@cache
def tensor_json() -> bytes:
    """Return the picture as nested lists."""
    flat = iter(numbers())
    picture = [[[[next(flat) for _ in range(224)] for _ in range(224)] for _ in "rgb"]]
    return json.dumps({"data": picture}).encode()


@cache
def tensor_bytes() -> bytes:
    """Return the picture as little-endian float32."""
    return struct.pack(f"<{_COUNT}f", *numbers())


@cache
def upload() -> bytes:
    """Return the file of W4."""
    return random.Random(4).randbytes(_UPLOAD_BYTES)


def multipart(content: bytes) -> Request:
    """Return a form with one file, without its path."""
    head = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return Request(
        "",
        head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
    )


def arguments(model: str) -> Request:
    """Return what a plain HTTP server is sent, without its path."""
    match model:
        case "upload":
            return multipart(upload())
        case "binary":
            return multipart(tensor_bytes())
        case "tensor":
            return Request("", tensor_json(), JSON)
        case "stream":
            return Request("", b'{"count":%d}' % _CHUNKS, JSON)
        case "slow":
            return Request("", b"{}", JSON)
    return Request("", b'{"x":1.5}', JSON)


def open_inference(model: str) -> Request:
    """Return the same in JSON of the Open Inference Protocol."""
    match model:
        case "upload":
            tensor = _base64(upload())
        case "binary":
            tensor = _base64(tensor_bytes())
        case "tensor":
            tensor = {"datatype": "FP32", "shape": list(_SHAPE), "data": numbers()}
        case _:
            tensor = {"datatype": "FP64", "shape": [1, 1], "data": [1.5]}
    name = "data" if model == "tensor" else "x"
    body = json.dumps({"inputs": [{"name": name, **tensor}]})
    return Request("", body.encode(), JSON)


def binary_inference() -> Request:
    """Return the picture of W5 as a binary tensor of the same protocol."""
    size = len(tensor_bytes())
    tensor = {"name": "data", "datatype": "FP32", "shape": list(_SHAPE)}
    tensor["parameters"] = {"binary_data_size": size}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(head)),
    }
    return Request("", head + tensor_bytes(), headers)


def _base64(content: bytes) -> dict[str, Any]:
    return {
        "datatype": "BYTES",
        "shape": [1, 1],
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(content).decode()],
    }


def _mean() -> float:
    return sum(numbers()) / _COUNT


RACES = (
    Workload(
        name="W1",
        title="a number in, a number out, nothing computed",
        model="noop",
        connections=(1, 64),
        is_right=_has(3.0),
    ),
    Workload(
        name="W2",
        title="a device that takes 10 ms for up to 32 inputs",
        model="device",
        connections=(64,),
        is_right=_has(3.0),
    ),
    Workload(
        name="W3",
        title="5 ms of Python, two workers",
        model="busy",
        connections=(16,),
        workers=2,
        is_right=_has(3.0),
    ),
    Workload(
        name="W4",
        title="an upload of 8 MB",
        model="upload",
        connections=(4,),
        is_right=_has(_UPLOAD_BYTES),
    ),
    Workload(
        name="W5j",
        title="float32 1x3x224x224 as JSON",
        model="tensor",
        connections=(4,),
        is_right=lambda answer: _has(_mean(), within=1e-4)(answer),
    ),
    Workload(
        name="W5b",
        title="the same as bytes",
        model="binary",
        connections=(4,),
        is_right=lambda answer: _has(_mean(), within=1e-4)(answer),
    ),
    Workload(
        name="W6",
        title="200 small pieces, streamed",
        model="stream",
        connections=(16,),
        is_streamed=True,
        is_right=_has_chunks,
    ),
)

START = RACES[0]

KILL = Workload(
    name="W8",
    title="kill -9 of the process that runs a model of 10 ms",
    model="slow",
    connections=(16,),
    slow_s=0.01,
    is_right=lambda answer: b"pid" in answer,
)

OVERLOAD = Workload(
    name="W9",
    title="512 clients at a model of 50 ms",
    model="slow",
    connections=(512,),
    slow_s=0.05,
    is_right=lambda answer: b"pid" in answer,
)
