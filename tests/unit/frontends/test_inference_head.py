from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepaas.errors import MalformedBodyError
from deepaas.frontends.openinference.infer import read_inference_head

if TYPE_CHECKING:
    from deepaas.messages import InferenceHead


def head_of(*headers: tuple[bytes, bytes]) -> InferenceHead:
    return read_inference_head(headers, limit_bytes=7)[1]


def test_the_length_of_the_json_is_in_a_header() -> None:
    assert 132 == head_of((b"inference-header-content-length", b"132")).json_bytes
    assert head_of().json_bytes is None
    assert 7 == head_of().limit_bytes


@pytest.mark.parametrize("value", [b"", b"-1", b"1.5", b"many", b"9" * 30])
def test_a_length_that_is_none_is_refused(value: bytes) -> None:
    with pytest.raises(MalformedBodyError, match="Inference-Header-Content-Length"):
        head_of((b"inference-header-content-length", value))


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"gzip", "gzip"),
        (b"deflate", "deflate"),
        (b"gzip, deflate, br", ""),
        (b"br", ""),
        (b"", ""),
    ],
)
def test_an_answer_is_compressed_for_those_who_name_one_coding(
    accepted: bytes, expected: str
) -> None:
    assert expected == head_of((b"accept-encoding", accepted)).answer_coding


def test_other_headers_are_left_to_what_reads_all_heads() -> None:
    given = [
        (b"content-type", b"application/x-ndjson"),
        (b"prefer", b"respond-async"),
        (b"content-encoding", b"br"),
        (b"content-length", b"3"),
    ]

    others, head = read_inference_head(given, limit_bytes=0)

    assert [(b"content-encoding", b"br"), (b"content-length", b"3")] == others
    assert "" == head.coding


def test_known_codings_are_for_the_worker() -> None:
    others, head = read_inference_head([(b"content-encoding", b"GZIP")], limit_bytes=0)

    assert [] == others
    assert "gzip" == head.coding
