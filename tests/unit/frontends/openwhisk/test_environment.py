"""What OpenWhisk says of an action and of a call."""

from __future__ import annotations

import time

import pytest

from deepaas.frontends.openwhisk.environment import (
    due,
    of_activation,
    variables,
    web_path,
)


def test_variables_are_text() -> None:
    values = {"A": "a", "B": None, "C": True, "D": {"x": [1]}, "E": 1.5}

    assert {"A": "a", "B": "", "C": "true", "D": '{"x":[1]}', "E": "1.5"} == variables(
        values
    )


def test_what_no_environment_can_hold_is_left_out() -> None:
    assert {"ok": ""} == variables({"": 1, "a=b": 1, "a\0": 1, "b": "\0", "ok": ""})


def test_all_but_the_value_of_a_call_are_variables() -> None:
    message = {"value": {"x": 1}, "activation_id": "a", "deadline": "1", "new": None}

    assert {
        "__OW_ACTIVATION_ID": "a",
        "__OW_DEADLINE": "1",
        "__OW_NEW": "",
    } == of_activation(message)


@pytest.mark.parametrize(
    "deadline", [None, "", "soon", "123", "-1", "1e9", "9" * 400, ["1"], 0, True]
)
def test_a_deadline_that_says_nothing_is_none(deadline: object) -> None:
    assert 0 == due(deadline)


@pytest.mark.parametrize(
    ("left_s", "expected_s"), [(3600, 3599.5), (60, 59.5), (0.6, 0.3)]
)
def test_an_answer_comes_before_the_deadline(
    left_s: float, expected_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)
    deadline_ms = int(1_800_000_000_000 + left_s * 1000)

    assert expected_s == pytest.approx(due(str(deadline_ms)) - 7.0)
    assert due(str(deadline_ms)) == due(deadline_ms)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("/ns/act", "/api/v1/web/ns/default/act"),
        ("/ns/pkg/act", "/api/v1/web/ns/pkg/act"),
        ("/me@x/my act", "/api/v1/web/me@x/default/my%20act"),
        ("", ""),
        ("act", ""),
        ("/a/b/c/d", ""),
    ],
)
def test_a_web_action_has_a_path(action: str, expected: str) -> None:
    assert expected == web_path(action)
