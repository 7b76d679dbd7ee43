"""What callers prefer, and the keys that make sending twice safe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import RequestError
from deepaas.frontends.api.preferences import (
    Preferences,
    read_idempotency_key,
    read_preferences,
    validation_wait_s,
)


@pytest.mark.parametrize(
    ("headers", "is_async", "wait_s"),
    [
        ([], False, None),
        (["respond-async"], True, None),
        (["Respond-Async"], True, None),
        (["respond-async, wait=10"], True, 10.0),
        (["wait=10", "respond-async"], True, 10.0),
        (['wait="7"'], False, 7.0),
        (["wait = 7"], False, 7.0),
        (["wait=0"], False, 0.0),
        (["respond-async; handling=strict"], True, None),
        (["return=minimal, respond-async"], True, None),
    ],
)
def test_preferences_are_found_in_all_headers(
    headers: list[str], *, is_async: bool, wait_s: float | None
) -> None:
    found = read_preferences(headers)

    assert (is_async, wait_s) == (found.is_async, found.wait_s)


@pytest.mark.parametrize(
    "text",
    ["respond-sync", "wait=-1", "wait=soon", "wait", "=", "x-wait=10", '"wait'],
)
def test_what_is_unknown_or_malformed_is_passed_over(text: str) -> None:
    assert read_preferences([text]) == Preferences()


def test_of_the_same_preference_twice_the_first_counts() -> None:
    assert 1.0 == read_preferences(["wait=1, wait=2", "wait=3"]).wait_s


def test_nobody_waits_longer_than_a_minute() -> None:
    assert 60.0 == read_preferences(["wait=86400"]).wait_s


def test_what_was_understood_is_told() -> None:
    found = read_preferences(["handling=lenient, wait=5, respond-async"])

    assert ("respond-async", "wait=5") == found.applied


@given(st.lists(st.text()))
def test_no_header_can_fail(headers: list[str]) -> None:
    read_preferences(headers)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", 60.0),
        ("wait=3", 3.0),
        ("respond-async", 0.0),
        ("respond-async,wait=3", 3.0),
    ],
)
def test_a_validation_is_waited_for_unless_its_caller_would_rather_not(
    header: str, expected: float
) -> None:
    assert expected == validation_wait_s(read_preferences([header]))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        (
            ['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
        ),
        (["bare"], "bare"),
        ([" bare "], "bare"),
        (["x" * 255], "x" * 255),
    ],
)
def test_a_key_is_a_text_in_quotes_or_bare(values: list[str], expected: str) -> None:
    assert expected == read_idempotency_key(values)


@pytest.mark.parametrize("value", ["", '""', '"', 'a"b', "x" * 256, "a\tb"])
def test_what_is_no_key_is_refused(value: str) -> None:
    with pytest.raises(RequestError):
        read_idempotency_key([value])
