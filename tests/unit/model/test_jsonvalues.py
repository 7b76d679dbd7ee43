from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, model_serializer

from deepaas.errors import BadOutputError
from deepaas.model.jsonvalues import JsonWriter, write_by_value

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.dates()
    | st.decimals()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner)
    ),
    max_leaves=8,
)


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: Any


class Loud(BaseModel):
    """Set up to write NaN as a number, which JSON does not know."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    y: float


class Broken(BaseModel):
    y: int

    @model_serializer
    def dump(self) -> Any:
        raise RuntimeError("I am not in the mood")


class Foreign: ...


def written(value: Any, hint: Any = Any) -> Any:
    """Return what a strict reader understands of a result."""
    writer = JsonWriter(TypeAdapter(hint), may_hold_files=True)
    return json.loads(writer.write(value), parse_constant=pytest.fail)


def refusal(value: Any) -> str:
    with pytest.raises(BadOutputError) as caught:
        written(value)
    return caught.value.detail


@given(values)
def test_a_result_is_valid_json_or_refused(value: Any) -> None:
    try:
        written(value)
    except BadOutputError as error:
        assert "Unicode" in error.detail  # noqa: PT017  either will do


@given(values)
def test_the_long_way_writes_what_the_short_one_does(value: Any) -> None:
    try:
        expected = written(value)
    except BadOutputError:
        return

    assert expected == json.loads(write_by_value(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        ([math.inf, -math.inf, 1.5], [None, None, 1.5]),
        (np.float32("nan"), None),
        (np.array([[1, np.nan]]), [[1, None]]),
        ({"a": np.int64(3), "b": np.bool_(True)}, {"a": 3, "b": True}),
        ({np.int64(1): "a"}, {"1": "a"}),
        (np.datetime64("2024-01-01"), "2024-01-01"),
        (Point(np.arange(2)), {"x": [0, 1]}),
        (Colour.RED, "red"),
        ({1}, [1]),
        (range(2), [0, 1]),
        (collections.deque([1]), [1]),
        ((one for one in (1, 2)), [1, 2]),
        (decimal.Decimal("1.10"), "1.10"),
        (datetime.timedelta(seconds=1), "PT1S"),
        ({(1, 2): 3}, {"1,2": 3}),
        (Loud(y=math.nan), {"y": None}),
        (b"ab", {"value": "YWI=", "mediaType": "application/octet-stream"}),
    ],
    ids=lambda value: type(value).__name__ + str(value)[:30],
)
def test_everything_common_has_a_form_in_json(value: Any, expected: Any) -> None:
    assert expected == written(value)


def test_a_value_that_breaks_the_promise_of_its_hint_is_written_all_the_same() -> None:
    assert "three" == written("three", hint=int)
    assert {"y": "z"} == written({"y": "z"}, hint=Loud)
    assert {"y": None} == written(Loud(y=math.inf), hint=Loud)


def test_the_same_object_may_stand_in_two_places() -> None:
    shared = [b"\xff"]

    first, second = written([shared, shared])

    assert first == second


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ({"a": [1, {"b/c": Foreign()}]}, ["/a/1/b~1c", "Foreign"]),
        (Foreign(), ["The result is of type", "Foreign"]),
        ({"e": ValueError("x")}, ["/e", "ValueError"]),
        (Point(Foreign()), ["/x", "Foreign"]),
        ({Foreign(): 1}, ["Foreign"]),
        ({"o": np.array([Foreign()])}, ["/o"]),
        ({"a": "\ud800"}, ["/a", "Unicode"]),
        ({"\ud800": 1}, ["Unicode"]),
        ([Broken(y=1)], ["/0", "Broken"]),
        (Foreign, ["type"]),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, list) else None,
)
def test_what_has_no_form_in_json_is_named_with_its_place(
    value: Any, parts: list[str]
) -> None:
    text = refusal(value)

    assert all(part in text for part in parts), text


def test_a_result_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {"a": []}
    value["a"].append(value)

    assert "contains itself" in refusal(value)


@pytest.mark.parametrize("depth", [260, 5000])
def test_a_result_nested_too_deeply_is_refused(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]

    assert refusal(value)
