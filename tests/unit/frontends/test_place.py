"""Where callers see the API, behind a proxy that says so or does not."""

from __future__ import annotations

from typing import Any

import pytest

from deepaas.frontends.api.place import Place


def located(place: Place, path: str, **headers: str) -> tuple[str, dict[str, Any]]:
    scope: dict[str, Any] = {
        "path": path,
        "headers": [(b"host", b"inner:5000")]
        + [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
    }
    return place.locate(scope), scope


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("", "/v2/", "/v2/"),
        ("/p/q", "/v2/", "/v2/"),
        ("/p/q", "/p/q/v2/", "/v2/"),
        ("/p/q", "/p/q", "/"),
        ("/p/q", "/p/q/", "/"),
        ("/p/q", "/p/qr", "/p/qr"),
        ("/p%20q", "/p q/v2/", "/v2/"),
    ],
)
def test_a_prefix_may_be_there_or_not(prefix: str, path: str, expected: str) -> None:
    found, scope = located(Place(base_path="", prefix=prefix), path)

    assert (prefix, expected) == (found, scope["path"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/p", "/p"),
        ("/p/", "/p"),
        ("/outer, /inner/", "/outer/inner"),
        ("/", "/known"),
        ("", "/known"),
        ("//evil.example", "/known"),
        ("p", "/known"),
        ("/p\r\nx: y", "/known"),
        ('/p"><script>', "/known"),
        ("https://evil.example/", "/known"),
    ],
)
def test_a_proxys_own_word_wins_if_it_makes_sense(given: str, expected: str) -> None:
    place = Place(base_path="", prefix="/known", trusts_proxy=True)

    assert expected == located(place, "/v2/", x_forwarded_prefix=given)[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("outer.example", "outer.example"),
        ("outer.example:8443, middle", "outer.example:8443"),
        ("[::1]:80", "[::1]:80"),
        ("", "inner:5000"),
        ("evil example", "inner:5000"),
    ],
)
def test_links_have_the_host_that_callers_know(given: str, expected: str) -> None:
    place = Place(base_path="", trusts_proxy=True)
    _, scope = located(place, "/", x_forwarded_host=given)

    hosts = [value for name, value in scope["headers"] if name == b"host"]
    assert [expected.encode()] == hosts


def test_nobody_is_believed_who_is_not_trusted() -> None:
    headers = {"x_forwarded_prefix": "/p", "x_forwarded_host": "outer.example"}
    prefix, scope = located(Place(base_path=""), "/v2/", **headers)

    assert "" == prefix
    assert (b"host", b"inner:5000") in scope["headers"]
