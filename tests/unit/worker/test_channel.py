"""A worker's end of its socket."""

from __future__ import annotations

import ctypes
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from deepaas import messages
from deepaas.worker.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = messages.LARGE_BYTES


class Pipe:
    """A channel, and the server's end of its socket."""

    def __init__(self) -> None:
        self.near, far = socket.socketpair()
        self.channel = Channel(far)
        self._senders: list[threading.Thread] = []

    def send(self, *frames: tuple[messages.Record, bytes]) -> None:
        """Send frames at once; returns at once."""
        content = b"".join(b"".join(messages.frame(*one)) for one in frames)
        sender = threading.Thread(target=self.near.sendall, args=(content,))
        self._senders.append(sender)
        sender.start()

    def close(self) -> None:
        for one in self._senders:
            one.join()
        self.near.close()

    def receive(self, count: int) -> list[tuple[messages.ToWorker, messages.Body]]:
        found: list[tuple[messages.ToWorker, messages.Body]] = []
        while len(found) < count:
            found += self.channel.receive() or []
        return found


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()
    made.channel.socket.close()


def predict(seq: int, *, json_bytes: int | None = None) -> messages.Predict:
    head = messages.InferenceHead(json_bytes=json_bytes)
    return messages.Predict(
        seq=seq, request_id="r", inference=None if json_bytes is None else head
    )


@pytest.mark.parametrize("size", [0, 10, LARGE - 1, LARGE, LARGE + 1, 20 * LARGE])
def test_bodies_of_any_size_arrive_whole_and_in_order(pipe: Pipe, size: int) -> None:
    bodies = [b"a" * size, b"b", b"c" * size, b"d" * size]

    pipe.send(*((predict(seq), body) for seq, body in enumerate(bodies)))

    assert bodies == [bytes(body) for _, body in pipe.receive(4)]


@pytest.mark.parametrize("json_bytes", [0, 1, 15, 16, 193])
def test_what_follows_the_json_lies_where_numpy_wants_it(
    pipe: Pipe, json_bytes: int
) -> None:
    content = bytes(range(256)) * (LARGE // 128)

    # More than the channel takes at once, so that the body is not there at first.
    pipe.send((predict(1, json_bytes=json_bytes), content * 8))
    [(_, body)] = pipe.receive(1)

    assert content * 8 == bytes(body)
    tensors = memoryview(body)[json_bytes:]
    assert not tensors.readonly
    address = ctypes.addressof(ctypes.c_char.from_buffer(tensors))
    assert 0 == address % 16


def test_nothing_comes_after_the_end(pipe: Pipe) -> None:
    pipe.send((predict(1), b"x" * LARGE * 8))
    pipe.receive(1)

    pipe.close()

    assert pipe.channel.receive() is None
