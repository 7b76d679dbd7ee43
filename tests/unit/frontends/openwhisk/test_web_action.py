"""Requests and answers as OpenWhisk's controller carries them.

The tables follow the cases of its `WebActionsApiTests`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from deepaas.errors import ResultTooLargeError
from deepaas.frontends.openwhisk.media import MOST_BYTES
from deepaas.frontends.openwhisk.web_action import (
    WebResponse,
    read_request,
    write_problem,
    write_response,
)


def raw(body: str = "", content_type: str = "", **more: Any) -> dict[str, Any]:
    headers = {"content-type": content_type} if content_type else {}
    return {
        "__ow_method": "post",
        "__ow_path": "/a",
        "__ow_query": "",
        "__ow_headers": headers,
        "__ow_body": body,
        **more,
    }


def mixed(method: str = "post", content_type: str = "", **more: Any) -> dict[str, Any]:
    whole = raw(content_type=content_type, __ow_method=method)
    return {**{k: v for k, v in whole.items() if "query" not in k}, **more}


def written(status: int, content_type: str, body: bytes) -> dict[str, Any]:
    headers = [(b"content-type", content_type.encode())] if content_type else []
    found: dict[str, Any] = json.loads(
        write_response(WebResponse(status=status, headers=headers, body=body))
    )
    return found


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", "eyJ4IjogMX0=", b'{"x": 1}'),
        ("application/json", '{"x": 1}', b'{"x": 1}'),
        ("application/json; charset=utf-8", "eyJ4IjogMX0=", b'{"x": 1}'),
        ("application/problem+json", '{"x": 1}', b'{"x": 1}'),
        ("image/png", "iVBORw==", b"\x89PNG"),
        ("image/png", "no base64", b"no base64"),
        ("image/png", "❄", "❄".encode()),
        ("", "iVBORw==", b"\x89PNG"),
        ("multipart/form-data; boundary=b", "LS1i", b"--b"),
        ("multipart/form-data; boundary=b", "--b\r\n", b"--b\r\n"),
        ("application/x-unheard-of", "LS1i", b"--b"),
        ("application/x-unheard-of; charset=utf-8", "LS1i", b"LS1i"),
        ("application/x-www-form-urlencoded", "abcd", b"abcd"),
        ("text/plain", "abcd", b"abcd"),
        ("text/plain; charset=latin-1", "é", b"\xe9"),
        ('text/plain; charset="utf-16-le"', "a", b"a\x00"),
        ("text/plain; charset=none-such", "é", "é".encode()),
        ("text/plain", "", b""),
    ],
)
def test_a_raw_body_is_what_the_caller_has_sent(
    content_type: str, body: str, expected: bytes
) -> None:
    request = read_request(raw(body, content_type))

    assert expected == request.body
    assert (b"content-length", str(len(expected)).encode()) in request.headers


def test_a_raw_request_keeps_its_parts() -> None:
    headers = {"Accept": "text/csv", "Content-Length": "7", "x-n": 1, "x-none": None}
    request = read_request(
        raw(__ow_method="put", __ow_path="/b%20c", __ow_query="x=%31&x=2")
        | {"__ow_headers": headers}
    )

    assert ("PUT", "/b c", b"x=%31&x=2") == (
        request.method,
        request.path,
        request.query,
    )
    assert [
        (b"accept", b"text/csv"),
        (b"x-n", b"1"),
        (b"x-none", b""),
        (b"content-length", b"0"),
    ] == request.headers


@pytest.mark.parametrize(("path", "expected"), [("", ""), (None, ""), ("/", "/")])
def test_the_action_itself_has_no_path(path: str | None, expected: str) -> None:
    assert expected == read_request(raw(__ow_path=path)).path


def test_a_query_may_stand_in_the_path() -> None:
    request = read_request(raw(__ow_path="/v2/?x=1"))

    assert ("/v2/", b"x=1") == (request.path, request.query)


@pytest.mark.parametrize("value", [{"__ow_headers": 1}, {"__ow_body": {"x": 1}}])
def test_odd_values_do_no_harm(value: dict[str, Any]) -> None:
    assert "POST" == read_request(raw() | value).method


@pytest.mark.parametrize(
    ("value", "query", "body"),
    [
        (mixed(x=1, y=[1, 2]), b"", b'{"x":1,"y":[1,2]}'),
        (mixed(), b"", b""),
        (mixed("post", x="1", y="b c"), b"x=1&y=b+c", b""),
        (mixed("get", x=1, y=["a", "b c"]), b"x=1&y=a&y=b+c", b""),
        (mixed("delete", x={"a": None}), b"x=%7B%22a%22%3Anull%7D", b""),
        (mixed("post", "application/json", __ow_body=[1], x=1), b"x=1", b"[1]"),
        (mixed("post", "application/json", __ow_body="abc"), b"", b'"abc"'),
        (mixed("post", "image/png", __ow_body="iVBORw=="), b"", b"\x89PNG"),
        (mixed("post", "text/plain", __ow_body="abcd"), b"", b"abcd"),
    ],
)
def test_a_request_that_was_mixed_up_is_made_again(
    value: dict[str, Any], query: bytes, body: bytes
) -> None:
    request = read_request(value)

    assert (query, body) == (request.query, request.body)


def test_fields_of_a_form_stay_a_form() -> None:
    form = "application/x-www-form-urlencoded"
    request = read_request(mixed("post", form, x="1", y="b c"))

    assert (b"content-type", form.encode()) in request.headers
    assert b"x=1&y=b+c" == request.body


def test_fields_of_json_stay_json() -> None:
    request = read_request(mixed("post", "application/json", x="1"))

    assert (b"content-type", b"application/json") in request.headers
    assert b'{"x":"1"}' == request.body


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"x": [1, null]}', {"x": [1, None]}),
        ("application/json", b"3", 3),
        ("application/json", b"false", False),
        ("application/json", b'"abcd"', '"abcd"'),
        ("application/json", b"null", "bnVsbA=="),
        ("application/json", b"\xff", "/w=="),
        ("application/problem+json", b'{"status": 404}', {"status": 404}),
        ("text/html; charset=utf-8", "<p>é".encode(), "<p>é"),
        ("text/plain; charset=latin-1", b"\xe9", "é"),
        ("application/xml", b"<a/>", "<a/>"),
        ("image/svg+xml", b"<svg/>", "PHN2Zy8+"),
        ("image/png", b"\x89PNG", "iVBORw=="),
        ("application/x-ndjson", b"{}\n", "e30K"),
        ("", b"\x00", "AA=="),
    ],
)
def test_a_body_is_written_as_the_controller_reads_it(
    content_type: str, body: bytes, expected: object
) -> None:
    assert expected == written(200, content_type, body)["body"]


def test_an_empty_body_is_left_out() -> None:
    assert {"statusCode": 204, "headers": {}} == written(204, "", b"")


def test_headers_of_the_connection_are_left_out_and_others_gathered() -> None:
    names = [b"Date", b"Server", b"Connection", b"Transfer-Encoding", b"Content-Length"]
    response = WebResponse(
        status=200,
        headers=[
            *((name, b"x") for name in names),
            (b"Set-Cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"set-cookie", b"c=3"),
            (b"x-one", b"1"),
        ],
        body=b"",
    )

    assert {
        "set-cookie": ["a=1", "b=2", "c=3"],
        "x-one": "1",
    } == json.loads(write_response(response))["headers"]


@pytest.mark.parametrize(
    ("status", "is_failure"), [(200, False), (302, False), (422, False), (500, True)]
)
def test_what_is_no_callers_fault_is_a_failure_of_the_action(
    status: int, is_failure: bool
) -> None:
    found = written(status, "application/json", b"{}")
    answer = found["error"] if is_failure else found

    assert status == answer["statusCode"]
    assert is_failure == ("error" in found)


def test_a_result_that_would_be_cut_off_is_refused() -> None:
    fits = b"x" * (MOST_BYTES - 100)
    assert written(200, "text/plain", fits)

    with pytest.raises(ResultTooLargeError):
        written(200, "application/octet-stream", fits)


def test_a_problem_of_ours_is_an_answer() -> None:
    found = json.loads(write_problem(ResultTooLargeError(7), request_id="r1"))["error"]

    assert (507, 7) == (found["statusCode"], found["body"]["limit_bytes"])
    assert "application/problem+json" == found["headers"]["content-type"]
