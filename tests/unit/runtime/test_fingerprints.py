"""Which requests are the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deepaas.runtime.fingerprints import fingerprint

FORM = "multipart/form-data; boundary="


def form(boundary: str, *values: bytes) -> bytes:
    mark = b"--" + boundary.encode()
    parts = [
        mark + b'\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + value + b"\r\n"
        for value in values
    ]
    return b"".join(parts) + mark + b"--\r\n"


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 60))
def test_the_boundary_of_a_form_and_how_it_arrives_do_not_count(
    values: list[bytes], size: int
) -> None:
    first = fingerprint(b"", f"{FORM}abc123", [form("abc123", *values)])
    again = fingerprint(b"", f'{FORM}"zz 9"', cut(form("zz 9", *values), size))

    assert first == again


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40))
def test_other_values_are_another_request(one: bytes, other: bytes) -> None:
    first, second = (
        fingerprint(b"", f"{FORM}0123456789abcdef", [form("0123456789abcdef", value)])
        for value in (one, other)
    )

    assert (one == other) == (first == second)


def test_query_and_media_type_count() -> None:
    found = {
        fingerprint(query, media_type, [b"{}"])
        for query in (b"", b"x=1")
        for media_type in ("", "application/json", "application/x-ndjson")
    }

    assert 6 == len(found)
