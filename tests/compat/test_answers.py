"""The answer of a prediction: its wrapping, its schema, and what can be JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.problems import problem

if TYPE_CHECKING:
    import httpx2
    from tests.compat.workshop import Predict

SCHEMA_VIOLATED = "ERROR validating model response, check server logs."


def predictions(answer: httpx2.Response) -> Any:
    """Return the result of a wrapped answer, read as strictly as JSON is."""
    assert 200 == answer.status_code, answer.text
    assert "application/json; charset=utf-8" == answer.headers["content-type"]
    document = json.loads(answer.content, parse_constant=pytest.fail)
    assert ["status", "predictions"] == list(document)
    assert "OK" == document["status"]
    return document["predictions"]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("none", None),
        ("number", 3),
        ("text", "plain"),
        ("list", [1, "two", 3.0, None, True]),
        ("tuple", [1, 2]),
        ("unicode", "señal ✓"),
        ("integer_keys", {"1": "one", "null": "none", "2.5": "half"}),
    ],
)
def test_a_result_is_wrapped(predict: Predict, way: str, expected: object) -> None:
    assert expected == predictions(predict("returns", params={"way": way}))


def test_keys_keep_their_order(predict: Predict) -> None:
    assert ["b", "a"] == list(
        predictions(predict("returns", params={"way": "ordered"}))
    )


@pytest.mark.differs_from_26("what json.dumps refuses is a 500 there, NaN invalid JSON")
@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("nan", [None, None, None, 1.5]),
        ("numpy_array", [[0, 1, 2], [3, 4, 5]]),
        ("numpy_scalars", {"a": 0.5, "b": 3, "c": True}),
        ("numpy_nan", [None, 1.0]),
        ("set", ["trained"]),
        ("date", "2024-01-02"),
        ("datetime", "2024-01-02T03:04:05"),
        ("uuid", "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_what_has_an_obvious_form_in_json_is_sent(
    predict: Predict, way: str, expected: object
) -> None:
    assert expected == predictions(predict("returns", params={"way": way}))


@pytest.mark.differs_from_26("its errors say nothing")
@pytest.mark.parametrize("way", ["object", "function"])
def test_what_has_no_form_in_json_is_an_error_that_names_it(
    predict: Predict, way: str
) -> None:
    document = problem(predict("returns", params={"way": way}), status=500)

    assert way in document["detail"]


@pytest.mark.parametrize("way", ["object", "function", "generator", "file", "bytes"])
def test_a_strange_result_harms_nobody(predict: Predict, way: str) -> None:
    predict("returns", params={"way": way})

    assert 3 == predictions(predict("returns", params={"way": "number"}))


# -------------------------------------------------------------------- schemas


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("good", {"status": "OK", "predictions": [1, 2]}),
        ("partly", {"status": "OK"}),
        ("loose", {"status": "OK", "count": "4"}),
    ],
)
def test_with_a_schema_the_result_is_the_body(
    predict: Predict, answer: str, expected: object
) -> None:
    got = predict("schema_dict", params={"answer": answer})

    assert 200 == got.status_code
    assert expected == got.json()


def test_a_schema_may_be_a_class(predict: Predict) -> None:
    answer = predict("schema_class", json={"labels": ["a", "b"]})

    assert {"labels": ["a", "b"], "probabilities": [0.5, 0.5]} == answer.json()


VIOLATIONS = [
    ("schema_dict", {"answer": "wrong"}),
    ("schema_dict", {"answer": "unknown"}),
    ("schema_dict", {"answer": "text"}),
    ("schema_class", {"forget": "yes"}),
]


@pytest.mark.parametrize(("model", "query"), VIOLATIONS)
def test_a_result_against_the_schema_is_an_error(
    predict: Predict, model: str, query: dict[str, str]
) -> None:
    answer = predict(model, params=query)

    assert 500 == answer.status_code
    assert SCHEMA_VIOLATED in answer.text


@pytest.mark.differs_from_26("its errors are plain text")
@pytest.mark.parametrize(("model", "query"), VIOLATIONS)
def test_an_error_of_the_schema_is_a_problem_document(
    predict: Predict, model: str, query: dict[str, str]
) -> None:
    document = problem(predict(model, params=query), status=500)

    assert SCHEMA_VIOLATED in document["message"]
