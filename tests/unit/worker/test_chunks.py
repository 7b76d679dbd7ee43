"""Which pieces of streams travel together."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from deepaas import messages
from deepaas.worker.channel import Channel
from deepaas.worker.chunks import ChunkSender

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR_S = 3600.0


class Server:
    """The server's end, and what has come there."""

    def __init__(self) -> None:
        self._socket, self.worker = socket.socketpair()
        self._socket.settimeout(10)
        self._reader = messages.FrameReader()
        self.chunks: list[tuple[int, bytes]] = []

    def receive(self, count: int) -> list[tuple[int, bytes]]:
        """Wait for so many chunks, and return all that have come."""
        while len(self.chunks) < count:
            for header, body in self._reader.feed(self._socket.recv(1 << 16)):
                record = messages.decode_to_server(header)
                assert isinstance(record, messages.Chunk)
                self.chunks.append((record.seq, bytes(body)))
        return self.chunks

    def close(self) -> None:
        self._socket.close()
        self.worker.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as one:
        yield one


def test_a_piece_that_comes_after_a_pause_is_sent_at_once(server: Server) -> None:
    sender = ChunkSender(Channel(server.worker), moment_s=0)

    sender.send(1, b"a")
    sender.send(1, b"b")

    assert [(1, b"a"), (1, b"b")] == server.receive(2)


def test_pieces_that_follow_at_once_travel_together(server: Server) -> None:
    sender = ChunkSender(Channel(server.worker), moment_s=HOUR_S)

    for piece in (b"a", b"b", b"c"):
        sender.send(1, piece)
    sender.flush()

    assert [(1, b"a"), (1, b"bc")] == server.receive(2)


def test_what_is_large_does_not_wait(server: Server) -> None:
    sender = ChunkSender(Channel(server.worker), moment_s=HOUR_S)
    large = b"x" * (1 << 16)

    sender.send(1, b"a")
    sender.send(1, b"b")
    sender.send(1, large)

    assert [(1, b"a"), (1, b"b" + large)] == server.receive(2)


def test_the_last_piece_before_a_pause_is_sent_in_a_moment(server: Server) -> None:
    sender = ChunkSender(Channel(server.worker), moment_s=0.02)

    for _ in range(3):
        sender.send(1, b"a")
        sender.send(1, b"b")
        text = b""
        while text.count(b"b") < 1:
            text = b"".join(body for _, body in server.receive(len(server.chunks) + 1))
        server.chunks.clear()


def test_streams_side_by_side_are_kept_apart(server: Server) -> None:
    sender = ChunkSender(Channel(server.worker), moment_s=HOUR_S)

    sender.send(1, b"a")
    sender.send(2, b"x")
    sender.send(1, b"b")
    sender.send(2, b"y")
    sender.flush()

    assert [(1, b"a"), (2, b"xy"), (1, b"b")] == server.receive(3)
