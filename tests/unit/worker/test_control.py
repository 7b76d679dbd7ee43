"""What the control thread answers."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from deepaas import messages
from deepaas.worker import control
from deepaas.worker.channel import Channel

if TYPE_CHECKING:
    import pytest


def test_an_answer_that_cannot_be_sent_is_a_failure_and_the_next_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(control, "shown_arguments", lambda _: {"x": 2**70})
    ended = threading.Event()
    exits = SimpleNamespace(_exit=lambda _: ended.set())
    monkeypatch.setattr(control, "os", exits)  # it ends the process with the server
    bound = SimpleNamespace(folder=SimpleNamespace(remove=lambda: None), arguments={})
    runner = cast("Any", SimpleNamespace(begin=lambda *_: bound))
    server, worker = socket.socketpair()
    server.settimeout(10)
    control.Control(Channel(worker), runner=runner).start()

    for call in (1, 2):
        validate = messages.Validate(
            call=call, predict=messages.Predict(seq=0, request_id="r")
        )
        server.sendall(b"".join(messages.frame(validate)))
        [(header, _)] = messages.FrameReader().feed(server.recv(65536))
        answer = messages.decode_to_server(header)

        assert isinstance(answer, messages.Failure)
        assert call == answer.seq

    server.close()
    assert ended.wait(10)
    worker.close()
