"""What models return, as JSON."""

from __future__ import annotations

import base64
import collections
import dataclasses
import datetime
import enum
import json
import pathlib
import types
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import BadOutputError
from deepaas.model.legacy.plain import encode_json

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Box:
    label: str
    corners: Any


Point = collections.namedtuple("Point", "x y")


class Record:
    def model_dump(self) -> dict[str, int]:
        return {"a": 1}


@given(json_values)
def test_what_is_json_stays_as_it_is(value: Any) -> None:
    assert value == json.loads(encode_json(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.True_, True),
        (np.str_("a"), "a"),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array([np.nan, 1.0]), [None, 1.0]),
        ([{"a": np.float32("nan")}], [{"a": None}]),
        ([float("nan"), float("inf"), -float("inf")], [None, None, None]),
        (np.float64("inf"), None),
        ({"trained"}, ["trained"]),
        (frozenset([1]), [1]),
        ((1, (2,)), [1, [2]]),
        (Point(1, 2), [1, 2]),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.deque([1]), [1]),
        (range(2), [0, 1]),
        ({"a": 1}.keys(), ["a"]),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (datetime.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05"),  # noqa: DTZ001 - as models return them
        (uuid.UUID(int=1), str(uuid.UUID(int=1))),
        (Decimal("1.5"), 1.5),
        (Colour.RED, "red"),
        (Box("cat", (1, np.int64(2))), {"label": "cat", "corners": [1, 2]}),
        (Record(), {"a": 1}),
        (pathlib.Path("/a/b"), "/a/b"),
        (b"cat", "cat"),
        ([bytearray(b"cat"), memoryview(b"dog")], ["cat", "dog"]),
        (b"\xff\xfe", base64.b64encode(b"\xff\xfe").decode()),
        ({1: "a", 1.5: "b"}, {"1": "a", "1.5": "b"}),
        ({True: 1, False: 2, None: 3}, {"true": 1, "false": 2, "null": 3}),
        ({np.int64(4): 1, np.True_: 2}, {"4": 1, "true": 2}),
        ({b"k": 1, Colour.RED: 2}, {"k": 1, "red": 2}),
        (2**70, 2**70),
    ],
    ids=range(35),
)
def test_what_libraries_return_becomes_json(value: Any, expected: Any) -> None:
    assert expected == json.loads(encode_json(value))


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), "The result is of type object"),
        ({"a": [1, object()]}, "The result at /a/1 is of type object"),
        (
            [{"b": {"c": (n for n in "x")}}],
            "The result at /0/b/c is of type generator",
        ),
        ({"a": 1 + 2j}, "The result at /a is of type complex"),
        ({"a": {(1, 2): 3}}, "The result at /a is a dict with the key (1, 2)"),
        (list, "The result is of type type"),
    ],
    ids=range(6),
)
def test_what_has_no_form_in_json_is_named_with_its_place(
    value: Any, place: str
) -> None:
    with pytest.raises(BadOutputError) as caught:
        encode_json(value)

    assert caught.value.detail.startswith(place)


def test_a_result_that_contains_itself_is_an_error() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(BadOutputError, match="contains itself"):
        encode_json(value)


def test_a_text_that_is_no_unicode_is_an_error() -> None:
    with pytest.raises(BadOutputError, match="no valid Unicode"):
        encode_json({"name": "\ud800"})
