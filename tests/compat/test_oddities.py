"""Rarer idioms of arguments: injected functions, strange names, flags and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2
    from tests.compat.workshop import Predict

DEFAULTS = {
    "first": "absent",
    "with-dash": 1,
    "with (round), comma": 2,
    "made": [1, 2],
    "fixed": 5,
}


def arguments(answer: httpx2.Response) -> dict[str, Any]:
    assert 200 == answer.status_code, answer.text
    got: dict[str, Any] = answer.json()["predictions"]
    return got


def test_functions_may_be_injected_and_defaults_be_made(predict: Predict) -> None:
    assert DEFAULTS == arguments(predict("oddities"))


def test_names_need_not_be_identifiers(predict: Predict) -> None:
    given = {"first": "a", "with-dash": "3", "with (round), comma": "4"}

    got = arguments(predict("oddities", params=given))

    assert ("a", 3, 4) == tuple(got[name] for name in given)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("shown", "a", "a"),
        ("incoming", "a", "a"),
        ("maybe", None, None),
        ("maybe", "5", 5),
        ("anything", {"a": [1]}, {"a": [1]}),
        ("pair", [1, "a"], "tuple (1, 'a')"),
        ("duration", 5, "timedelta 0:00:05"),
        ("exact", "1.239", "Decimal 1.24"),
        ("table", {"a": "1"}, {"a": 1}),
        ("several", [{"x": 1}, {"x": "2"}], [{"x": 1}, {"x": 2}]),
        ("several", {"x": 1}, [{"x": 1}]),
        ("fixed", 7, 5),
    ],
    ids=repr,
)
def test_a_value_of_a_rare_kind(
    predict: Predict, name: str, value: object, expected: object
) -> None:
    answer = predict("oddities", json={name: value})

    assert DEFAULTS | {name: expected} == arguments(answer)


@pytest.mark.parametrize(
    ("name", "value", "messages"),
    [
        ("hidden", "a", ["Unknown field."]),
        ("mail", "x", ["Not a valid email address."]),
        ("whole", 4.5, ["Not a valid integer."]),
        ("table", {"a": "x"}, {"a": {"value": ["Not a valid integer."]}}),
        ("several", [{"x": 1}, {"x": "y"}], {"1": {"x": ["Not a valid integer."]}}),
        ("pair", [1], ["Length must be 2."]),
        ("anything", None, ["Field may not be null."]),
    ],
    ids=repr,
)
def test_a_bad_value_of_a_rare_kind(
    predict: Predict, name: str, value: object, messages: object
) -> None:
    answer = predict("oddities", json={name: value})

    assert 422 == answer.status_code
    assert {name: messages} == answer.json()


def test_rare_fields_are_in_the_document(http: httpx2.Client) -> None:
    paths = http.get("/swagger.json").json()["paths"]
    parameters = paths["/v2/models/oddities/predict/"]["post"]["parameters"]
    types = {one["name"]: one.get("type") for one in parameters}

    assert "hidden" not in types
    assert "integer" == types["with (round), comma"]
    assert "array" == types["several"]


@pytest.mark.differs_from_26("a closure cannot be pickled (defect 27)")
def test_predict_may_be_a_closure(predict: Predict) -> None:
    assert "from inside" == predict("closure").json()["predictions"]
