"""The headers of a result."""

from __future__ import annotations

import pytest

from deepaas.frontends.api.result_answers import result_headers


def header(name: bytes, *, media_type: str = "text/plain", filename: str = "") -> bytes:
    return dict(result_headers(media_type, filename))[name]


@pytest.mark.parametrize("media_type", ["image/png", 'text/plain; charset="utf-8"'])
def test_a_media_type_is_sent_as_it_is(media_type: str) -> None:
    assert media_type.encode() == header(b"content-type", media_type=media_type)


@pytest.mark.parametrize(
    "media_type",
    ["", "a/b\r\nx-evil: 1", "a/b\n", "a/\0", "téxt/plain", "a/" + "b" * 100_000],
)
def test_what_cannot_be_a_media_type_says_nothing_of_the_content(
    media_type: str,
) -> None:
    found = header(b"content-type", media_type=media_type)

    assert b"application/octet-stream" == found


def test_a_long_file_name_keeps_its_extension() -> None:
    found = header(b"content-disposition", filename="x" * 100_000 + ".nii.gz")

    assert found.endswith(b'.nii.gz"')
    assert len(found) < 300
