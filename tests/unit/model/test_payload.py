"""Reading a request's query and body."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import MalformedBodyError, UnsupportedMediaTypeError
from deepaas.model.arguments import Inputs, Upload
from deepaas.model.payload import read_cookies, read_inputs, safe_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

BOUNDARY = "frontier"

texts = st.text(st.characters(exclude_categories=["Cs"]))
names = st.from_regex(r"[a-z_]{1,10}", fullmatch=True)


def no_folder() -> str:
    raise AssertionError("nothing has to be written")


def read(
    body: bytes | Path = b"",
    *,
    content_type: str = "",
    query: bytes = b"",
    folder: Any = no_folder,
    is_lenient: bool = False,
) -> Inputs:
    return read_inputs(
        query=query,
        content_type=content_type,
        body=body,
        folder=folder,
        is_lenient=is_lenient,
    )


def multipart(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """Return a body of parts, each with its headers as text."""
    written = b"".join(
        b"--%s\r\n%s\r\n\r\n%s\r\n" % (BOUNDARY.encode(), head.encode(), content)
        for head, content in parts
    )
    return written + b"--%s--\r\n" % BOUNDARY.encode()


MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


@given(pairs=st.lists(st.tuples(texts, texts)))
def test_a_query_comes_back_as_it_was_encoded(pairs: list[tuple[str, str]]) -> None:
    assert pairs == list(read(query=urlencode(pairs).encode()).query)


@given(pairs=st.lists(st.tuples(texts, texts)))
def test_a_form_comes_back_as_it_was_encoded(pairs: list[tuple[str, str]]) -> None:
    body = urlencode(pairs).encode()

    form = read(body, content_type="application/x-www-form-urlencoded").form

    assert pairs == list(form)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"],
)
def test_json_is_left_unparsed(content_type: str) -> None:
    assert b"{]" == read(b"{]", content_type=content_type).raw_json


def test_json_in_a_file_is_read(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"[1]")

    assert b"[1]" == read(body, content_type="application/json").raw_json


def test_an_unknown_media_type_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnsupportedMediaTypeError, match="application/json"):
        read(b"a,b", content_type="text/csv")


def test_a_body_without_a_media_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaTypeError, match="none"):
        read(b"a,b")


def test_an_unknown_media_type_is_ignored_for_old_models() -> None:
    assert read(b"a,b", content_type="text/csv", is_lenient=True) == Inputs()


def test_json_that_is_declared_as_a_form_is_recognised() -> None:
    with pytest.raises(UnsupportedMediaTypeError, match="looks like JSON"):
        read(b'{"x": 1}', content_type="application/x-www-form-urlencoded")


@given(name=names, text=texts)
def test_the_fields_of_a_multipart_body_come_back(name: str, text: str) -> None:
    head = f'Content-Disposition: form-data; name="{name}"'
    body = multipart([(head, text.encode())])

    assert [(name, text)] == read(body, content_type=MULTIPART).form


def test_a_file_is_written_with_the_extension_of_its_name(tmp_path: Path) -> None:
    head = (
        'Content-Disposition: form-data; name="scan"; filename="my brain.nii.gz"\r\n'
        "Content-Type: application/gzip"
    )
    content = bytes(range(256)) * 100

    ((name, upload),) = read(
        multipart([(head, content)]),
        content_type=MULTIPART,
        folder=lambda: str(tmp_path),
    ).form

    assert name == "scan"
    assert isinstance(upload, Upload)
    assert content == Path(upload.path).read_bytes()
    assert upload.path.endswith(".nii.gz")
    assert (upload.filename, upload.content_type, upload.size_bytes) == (
        "my brain.nii.gz",
        "application/gzip",
        len(content),
    )


def test_a_multipart_body_in_a_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    head = 'Content-Disposition: form-data; name="a"; filename="a.bin"'
    content = b"x" * 1_000_000
    body = tmp_path / "body"
    body.write_bytes(multipart([(head, content), (head, content)]))

    form = read(body, content_type=MULTIPART, folder=lambda: str(tmp_path)).form

    uploads = [value for _, value in form if isinstance(value, Upload)]
    assert [len(content)] * 2 == [Path(one.path).stat().st_size for one in uploads]


def test_a_name_that_climbs_stays_a_name(tmp_path: Path) -> None:
    head = 'Content-Disposition: form-data; name="a"; filename="../../etc/passwd"'

    ((_, upload),) = read(
        multipart([(head, b"x")]), content_type=MULTIPART, folder=lambda: str(tmp_path)
    ).form

    assert isinstance(upload, Upload)
    assert tmp_path == Path(upload.path).parent
    assert upload.filename == "../../etc/passwd"


def test_a_file_input_that_was_left_empty_is_no_file(tmp_path: Path) -> None:
    head = 'Content-Disposition: form-data; name="a"; filename=""'

    form = read(
        multipart([(head, b"")]), content_type=MULTIPART, folder=lambda: str(tmp_path)
    ).form

    assert [] == form


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        (MULTIPART, b"no boundary anywhere"),
        (
            MULTIPART,
            multipart([("Content-Disposition: form-data; name=a", b"1")])[:-8],
        ),
        (MULTIPART, multipart([("Content-Disposition: form-data", b"1")])),
        (MULTIPART, multipart([("X-Strange: yes", b"1")])),
        (MULTIPART, b""),
    ],
)
def test_a_broken_multipart_body_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(MalformedBodyError, match="multipart"):
        read(body, content_type=content_type)


@given(name=texts)
def test_a_suffix_is_short_and_plain(name: str) -> None:
    suffix = safe_suffix(name)

    assert name.endswith(suffix)
    assert not set(suffix) & set("/\\\0\n ")
    assert len(suffix) <= 26


@pytest.mark.parametrize(
    ("header", "expected"),
    [("a=1; b=two", {"a": "1", "b": "two"}), ("", {}), ("=;=", {})],
)
def test_cookies_are_read(header: str, expected: dict[str, str]) -> None:
    assert expected == read_cookies(header)


def test_a_form_has_an_end() -> None:
    with pytest.raises(MalformedBodyError, match="more than 100000 fields"):
        read(b"a=1&" * 100_000, content_type="application/x-www-form-urlencoded")


def test_a_multipart_body_has_an_end() -> None:
    parts = [('Content-Disposition: form-data; name="a"', b"1")]

    with pytest.raises(MalformedBodyError, match="more than 1000 parts"):
        read(multipart(parts * 1001), content_type=MULTIPART)


@given(
    body=st.lists(
        st.sampled_from(
            [
                *(b"--frontier", b"--", b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\0"),
                *(b"Content-Disposition: form-data; name=a", b'; filename="', b"\xff"),
                *(b"Content-Type: text/plain", b":", b";", b"=", b"filename*=x''%"),
            ]
        ),
        max_size=12,
    ),
    parameter=st.sampled_from(
        [
            "",
            "=",
            "=frontier",
            '="',
            "=é",
            "*=utf-8''%ff",
            "*0=frontier",
            "=" + "x" * 300,
        ]
    ),
)
def test_a_body_of_any_bytes_is_read_or_refused(
    body: list[bytes], parameter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = str(tmp_path_factory.getbasetemp())
    content = b"--frontier\r\n" + b"".join(body) + b"\r\n--frontier--"

    with suppress(MalformedBodyError):
        read(
            content,
            content_type=f"multipart/form-data; boundary{parameter}",
            folder=lambda: folder,
        )


def test_a_refused_body_is_no_matter_for_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(MalformedBodyError):
        read(b"not at all", content_type=MULTIPART)

    assert not caplog.records
