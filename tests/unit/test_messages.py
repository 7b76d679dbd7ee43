"""Frames between server and worker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deepaas import messages

bodies = st.lists(st.binary(max_size=300), max_size=8)


def frames_of(stream: bytes, sizes: list[int]) -> list[tuple[bytes, bytes]]:
    """Feed `stream` in pieces of these sizes, then the rest."""
    reader = messages.FrameReader()
    found = []
    for size in sizes:
        piece, stream = stream[:size], stream[size:]
        found += reader.feed(piece)
    return found + reader.feed(stream)


@given(bodies=bodies, sizes=st.lists(st.integers(0, 100)))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    bodies: list[bytes], sizes: list[int]
) -> None:
    records = [messages.Chunk(seq=seq) for seq in range(len(bodies))]
    stream = b"".join(
        b"".join(messages.frame(record, body))
        for record, body in zip(records, bodies, strict=True)
    )

    found = frames_of(stream, sizes)

    assert bodies == [body for _, body in found]
    assert records == [messages.decode_to_server(header) for header, _ in found]


def test_a_record_keeps_its_fields() -> None:
    record = messages.Predict(
        seq=1, request_id="a", query=b"x=1", headers={"x-probe": "y"}, folder="a"
    )

    assert record == messages.decode_to_worker(messages.encode(record))
