"""What a carriage return means for a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.guardian import carriage
from deepaas.guardian.carriage import OpenLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK_BYTES = 8

chunks = st.lists(st.text(alphabet="ab\r\n", max_size=30).map(str.encode))


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carriage, "BLOCK_BYTES", BLOCK_BYTES)
        yield


def shown(*pieces: bytes) -> tuple[bytes, bytes]:
    """Return what is settled of some output, and what is still open."""
    line = OpenLine()
    settled = b"".join(bytes(part) for piece in pieces for part in line.feed(piece))
    return settled, line.text


def by_the_rules(data: Iterable[int]) -> tuple[bytes, bytes]:
    """Do the same byte by byte, as the module's docstring says it."""
    settled, line, is_returned = bytearray(), bytearray(), False
    for byte in data:
        if byte == ord("\r"):
            is_returned = True
            continue
        if byte == ord("\n"):
            settled += line + b"\n"
            line.clear()
        else:
            if is_returned:
                line.clear()
            line.append(byte)
        is_returned = False
        if len(line) == BLOCK_BYTES:
            settled += line
            line.clear()
    return bytes(settled), bytes(line)


@given(chunks)
def test_the_rules_hold_however_output_is_cut(pieces: list[bytes]) -> None:
    assert by_the_rules(b"".join(pieces)) == shown(*pieces)


@given(st.lists(st.binary(max_size=30).map(lambda data: data.replace(b"\r", b""))))
def test_bytes_that_are_no_text_pass(pieces: list[bytes]) -> None:
    settled, text = shown(*pieces)

    assert b"".join(pieces) == settled + text


def test_a_bar_is_its_last_state() -> None:
    assert (b"100%\nok\n", b"") == shown(b"\r  1%", b"\r 50%", b"\r100%\nok\n")


def test_a_bar_that_goes_on_shows_its_state_now() -> None:
    assert (b"", b" 50%") == shown(b"\r  1%\r 50%")
    assert (b"", b" 50%") == shown(b"  1%\r", b" 50%\r")


def test_a_return_before_the_end_of_a_line_is_part_of_it() -> None:
    assert (b"a\nb\nc\n", b"") == shown(b"a\r\nb\r", b"\nc\r\r\n")


def test_a_line_without_end_is_not_held() -> None:
    settled, text = shown(b"a" * 5, b"a" * 5, b"a" * 10)

    assert (b"a" * 16, b"a" * 4) == (settled, text)


def test_what_is_settled_cannot_be_overwritten() -> None:
    assert (b"a" * 8 + b"b\n", b"") == shown(b"a" * 10, b"\rb\n")


def test_the_rest_is_handed_out_in_the_end() -> None:
    line = OpenLine()
    line.feed(b"a\nb\r")

    assert b"b" == line.finish()
    assert b"" == line.text
