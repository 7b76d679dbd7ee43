from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deepaas.errors import BadOutputError, NotAcceptableError
from deepaas.model.outputs import read_codec
from deepaas.model.streams import EVENT_STREAM, JSON, NDJSON

if TYPE_CHECKING:
    from deepaas.model.results import ResultCodec

OCTETS = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


class Step(BaseModel):
    loss: float


def codec(hint: Any) -> ResultCodec:
    def predict() -> None: ...

    predict.__annotations__ = {"return": hint}
    return read(predict)


def read(function: Callable[..., Any]) -> ResultCodec:
    return read_codec(function, model="plants", operation="predict")


def events(sent: bytes) -> list[tuple[str, str]]:
    """Read server-sent events as a browser does."""
    found = []
    for block in sent.decode().split("\n\n")[:-1]:
        fields = [line.partition(": ")[::2] for line in block.split("\n")]
        name = dict(fields).get("event", "message")
        found.append((name, "\n".join(text for key, text in fields if key == "data")))
    return found


@pytest.mark.parametrize(
    "hint",
    [
        Iterator[Step],
        Generator[Step, None, None],
        AsyncIterator[Step],
    ],
    ids=str,
)
def test_a_hint_may_promise_a_stream(hint: Any) -> None:
    one = codec(hint)

    assert one.is_streaming
    assert (NDJSON, EVENT_STREAM, JSON) == one.media_types
    assert one.schema is not None
    assert "Step" == one.schema["title"]


def test_a_generator_function_streams_without_a_hint() -> None:
    def pieces() -> Any:
        yield 1

    async def later() -> Any:
        yield 1

    @functools.wraps(pieces)
    def wrapped() -> Any:
        return pieces()

    assert read(pieces).is_streaming
    assert read(later).is_streaming
    assert read(wrapped).is_streaming
    assert not read(lambda: [1]).is_streaming


@pytest.mark.parametrize(
    ("hint", "accept", "expected"),
    [
        (Iterator[Step], "", NDJSON),
        (Iterator[Step], "text/event-stream, */*", EVENT_STREAM),
        (Iterator[Any], OCTETS, OCTETS),
        (Iterator[str], "text/plain", TEXT),
        (Iterator[bytes], "", OCTETS),
        (Iterator[bytes], "audio/wav", "audio/wav"),
        (Iterator[bytes], NDJSON, NDJSON),
    ],
    ids=str,
)
def test_the_form_of_a_stream_is_negotiated(
    hint: Any, accept: str, expected: str
) -> None:
    assert expected == codec(hint).choose(accept, {})


def test_who_insists_on_json_gets_an_array_in_one_piece() -> None:
    one = codec(Iterator[Step])
    chosen = one.choose("application/json", {})

    assert JSON == chosen
    assert not one.streams(chosen)
    assert one.streams(NDJSON)
    steps = [Step(loss=1), Step(loss=2)]
    assert [1, 2] == [
        step["loss"] for step in json.loads(bytes(one.encode(steps, JSON).body))
    ]
    assert b"[]" == one.encode([], JSON).body


def test_a_stream_is_no_picture() -> None:
    with pytest.raises(NotAcceptableError):
        codec(Iterator[Step]).choose("image/png", {})


@given(
    st.recursive(
        st.none() | st.text() | st.floats() | st.integers(-(2**53), 2**53),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_each_piece_is_one_line_of_json(piece: Any) -> None:
    sent = codec(Iterator[Any]).encode_chunk(piece, NDJSON)

    assert [sent[:-1]] == sent.splitlines()
    assert sent.endswith(b"\n")
    json.loads(sent)


def test_a_number_that_json_does_not_know_is_null() -> None:
    assert (
        codec(Iterator[Step]).encode_chunk(Step(loss=float("nan")), NDJSON)
        == b'{"loss":null}\n'
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_arrives_in_an_event_as_it_was_sent(text: str) -> None:
    sent = codec(Iterator[str]).encode_chunk(text, EVENT_STREAM)

    arrived = text.replace("\r\n", "\n").replace("\r", "\n")
    assert [("message", arrived)] == events(sent)


def test_data_is_json_in_an_event() -> None:
    sent = codec(Iterator[Step]).encode_chunk(Step(loss=0.5), EVENT_STREAM)

    assert [("message", '{"loss":0.5}')] == events(sent)


def test_bytes_and_text_are_sent_raw() -> None:
    one = codec(Iterator[Any])

    assert b"\xff\n" == one.encode_chunk(b"\xff\n", OCTETS)
    assert "ü".encode() == one.encode_chunk("ü", OCTETS)


def test_bytes_are_qualified_values_in_lines_of_json() -> None:
    sent = codec(Iterator[bytes]).encode_chunk(b"\xff", NDJSON)

    assert {"value": "/w==", "mediaType": OCTETS} == json.loads(sent)


def test_data_cannot_be_sent_raw() -> None:
    with pytest.raises(BadOutputError, match="dict"):
        codec(Iterator[Any]).encode_chunk({}, OCTETS)


def test_all_pieces_can_be_sent_at_once() -> None:
    encoded = codec(Iterator[int]).encode(iter([1, 2]), NDJSON)

    assert b"1\n2\n" == encoded.body


def test_a_broken_stream_says_so_where_it_can() -> None:
    one = codec(Iterator[Any])
    error = {"code": "model_error", "detail": "out\nof"}

    assert {"error": error} == json.loads(one.encode_broken("out\nof", NDJSON))
    ((name, data),) = events(one.encode_broken("out\nof", EVENT_STREAM))
    assert ("error", error) == (name, json.loads(data))
    assert b"" == one.encode_broken("out\nof", OCTETS)
