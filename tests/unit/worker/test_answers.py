"""The answers of a batch travel together where that keeps nobody waiting."""

from __future__ import annotations

import math
from typing import Any

from deepaas import messages
from deepaas.worker.answers import AnswerSender


class Channel:
    """Remembers each write."""

    def __init__(self) -> None:
        self.writes: list[list[tuple[int, bytes]]] = []

    def send_buffers(self, frames: list[Any]) -> None:
        reader = messages.FrameReader()
        self.writes.append(
            [
                (messages.decode_to_server(header).seq, body)
                for header, body in reader.feed(b"".join(frames))
            ]
        )


def answer(seq: int) -> messages.Answer:
    return messages.Answer(seq=seq, media_type="application/json")


def make(*, moment_s: float) -> tuple[AnswerSender, list[list[tuple[int, bytes]]]]:
    channel = Channel()
    return AnswerSender(channel, moment_s=moment_s), channel.writes  # type: ignore[arg-type]


def test_answers_of_a_moment_go_out_in_one_write() -> None:
    sender, writes = make(moment_s=math.inf)

    for seq in range(3):
        sender.send(answer(seq), b"%d" % seq)
    assert [] == writes
    sender.flush()
    sender.send(answer(3), b"3")
    sender.flush()

    assert [[(0, b"0"), (1, b"1"), (2, b"2")], [(3, b"3")]] == writes


def test_an_answer_does_not_wait_longer_than_a_moment() -> None:
    sender, writes = make(moment_s=-1)

    sender.send(answer(0), b"0")

    assert [[(0, b"0")]] == writes


def test_a_large_answer_goes_out_at_once_with_those_before_it() -> None:
    sender, writes = make(moment_s=math.inf)
    large = bytes(1 << 17)

    sender.send(answer(0), b"0")
    sender.send(answer(1), large)

    assert [[(0, b"0"), (1, large)]] == writes
