"""A log line is one line, readable, and keeps secrets to itself."""

from __future__ import annotations

import json
import logging
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.backends.telemetry.lines import (
    JsonFormatter,
    TextFormatter,
    escape,
    redact,
)

any_text = st.text(st.characters(codec=None, categories=None))


def record(message: str, *, name: str = "deepaas.app", **extras: Any) -> Any:
    made = logging.LogRecord(name, logging.WARNING, "", 0, message, (), None)
    made.created = 1_700_000_000.25
    vars(made).update(extras)
    return made


def text_line(message: str, **extras: Any) -> str:
    """Return the line for people, without its time."""
    moment, line = TextFormatter().format(record(message, **extras)).split(".250 ", 1)
    assert len("2023-11-14 22:13:20") == len(moment)
    return line


def json_line(message: str, **extras: Any) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(JsonFormatter().format(record(message, **extras)))
    return line


def failed() -> dict[str, Any]:
    error = ValueError("a\nb\x1b[2J")
    return {"exc_info": (type(error), error, None)}


def test_a_line_for_people_has_level_logger_and_message() -> None:
    assert "WARNING app  Port taken" == text_line("Port taken")


def test_a_line_about_a_model_names_it_and_the_request() -> None:
    line = text_line("Died", model="plants", request_id="a-1", signal="SIGSEGV")

    assert "WARNING plants  Died  signal=SIGSEGV  request=a-1" == line


def test_empty_extras_are_left_out() -> None:
    assert "WARNING app  Hello" == text_line(
        "Hello", request_id="", model="", code=None
    )


def test_an_extra_with_spaces_is_quoted() -> None:
    assert 'WARNING app  x  cause="it \\"died\\""' == text_line("x", cause='it "died"')


def test_a_traceback_for_people_stands_behind_a_bar() -> None:
    first, *rest = text_line("Failed", **failed()).splitlines()

    assert "WARNING app  Failed" == first
    assert ["    | ValueError: a", r"    | b\x1b[2J"] == rest


def test_a_traceback_of_a_worker_is_shown_like_ours() -> None:
    line = text_line("Failed", traceback="Traceback:\n  here\n")

    assert "WARNING app  Failed\n    | Traceback:\n    |   here" == line


def test_a_line_for_programs_has_everything() -> None:
    assert {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "WARNING",
        "logger": "deepaas.app",
        "message": "Died",
        "model": "plants",
        "exit_status": 3,
    } == json_line("Died", model="plants", exit_status=3, request_id="")


def test_a_traceback_for_programs_is_part_of_the_line() -> None:
    line = json_line("Failed", **failed())

    assert "ValueError: a\nb\x1b[2J" == line["traceback"]


def test_what_json_does_not_know_becomes_text() -> None:
    assert "{1}" == json_line("x", found={1})["found"]


@given(any_text)
def test_whatever_is_said_is_one_line_of_visible_characters(message: str) -> None:
    for line in (
        text_line(message, model=message, cause=message),
        JsonFormatter().format(record(message, model=message)),
    ):
        assert [line] == line.splitlines()
        assert {"Cc", "Cs", "Zl", "Zp"}.isdisjoint(
            unicodedata.category(character) for character in line.replace("\t", "")
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, grün, 日本", "plain text, grün, 日本"),
        ("a\r\nb", r"a\r\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("a\x00b", r"a\x00b"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("a\u202eb", r"a\u202eb"),
        ("a\udc80b", r"a\udc80b"),
        ("a\tb", "a\tb"),
    ],
)
def test_control_characters_are_escaped(text: str, expected: str) -> None:
    assert expected == escape(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        (
            '{"authorization": "Basic YTpi", "a": 1}',
            '{"authorization": "Basic ***", "a": 1}',
        ),
        ("Cookie: a=b; session=c", "Cookie: ***"),
        ("set-cookie='a=b; path=/' and", "set-cookie='***' and"),
        ("X-API-Key: 1234", "X-API-Key: ***"),
        ("/login?user=me&password=hunter2&x=1", "/login?user=me&password=***&x=1"),
        ("access_token=0123456789abcdef0", "access_token=***"),
        ("sent bearer 0123456789abcdef0", "sent bearer ***"),
        ("token: cat", "token: cat"),
        ("tokens: 512, secret: none", "tokens: 512, secret: none"),
        ("the key = 5, an author, a monkey", "the key = 5, an author, a monkey"),
    ],
)
def test_secrets_are_left_out(text: str, expected: str) -> None:
    assert expected == redact(text)


@pytest.mark.parametrize("name", ["token", "api_key", "db_password", "Authorization"])
def test_an_extra_that_is_named_like_a_secret_is_left_out(name: str) -> None:
    assert "***" == json_line("x", **{name: "abc"})[name]
    assert f"WARNING app  x  {name}=***" == text_line("x", **{name: "abc"})
