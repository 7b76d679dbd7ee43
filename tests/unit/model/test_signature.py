from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field
from tests.support.signatures import (
    errors_of,
    from_json,
    from_query,
    of,
    signature,
)
from typing_extensions import TypedDict

from deepaas.errors import MalformedBodyError
from deepaas.model.arguments import Inputs

if TYPE_CHECKING:
    from collections.abc import Sequence


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Box(BaseModel):
    x: int
    tags: list[str] = []


@dataclasses.dataclass
class Point:
    lat: float
    colour: Colour = Colour.RED


class Options(TypedDict, total=False):
    fast: bool


class Tree(BaseModel):
    children: list[Tree] = []


VALUES: list[tuple[Any, Any, Any]] = [
    (int, 3, 3),
    (int, 3.0, 3),
    (float, 3, 3.0),
    (bool, True, True),
    (str, "ü", "ü"),
    (Any, {"a": [1, None]}, {"a": [1, None]}),
    (object, "x", "x"),
    (Literal["a", 1], 1, 1),
    (Colour, "blue", Colour.BLUE),
    (Level, 2, Level.HIGH),
    (datetime.date, "2024-02-29", datetime.date(2024, 2, 29)),
    (datetime.time, "10:30", datetime.time(10, 30)),
    (datetime.timedelta, "PT5S", datetime.timedelta(seconds=5)),
    (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
    (uuid.UUID, "12345678" * 4, uuid.UUID("12345678" * 4)),
    (Optional[int], None, None),  # noqa: UP045  authors write it
    (int | str, "a", "a"),
    (list[int], [1, 2], [1, 2]),
    (tuple[int, str], [1, "a"], (1, "a")),
    (set[int], [1, 1], {1}),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (list[list[int]], [[1], [2]], [[1], [2]]),
    (Box, {"x": 1}, Box(x=1)),
    (list[Box], [{"x": 1, "tags": ["t"]}], [Box(x=1, tags=["t"])]),
    (Point, {"lat": 1, "colour": "blue"}, Point(1.0, Colour.BLUE)),
    (Options, {"fast": True}, {"fast": True}),
    (Tree, {"children": [{}]}, Tree(children=[Tree()])),
    (Annotated[int, AfterValidator(lambda x: x * 2)], 4, 8),
]


@pytest.mark.parametrize(("hint", "value", "expected"), VALUES)
def test_a_json_value_becomes_what_the_hint_says(
    hint: Any, value: Any, expected: Any
) -> None:
    actual = from_json(hint, value)

    assert expected == actual
    assert type(expected) is type(actual)


@pytest.mark.parametrize(("hint", "value", "expected"), VALUES)
def test_a_query_says_the_same_with_json_text(
    hint: Any, value: Any, expected: Any
) -> None:
    text = value if isinstance(value, str) else json.dumps(value)

    assert expected == from_query(hint, text)


@pytest.mark.parametrize(
    ("hint", "texts", "expected"),
    [
        (bool, ["yes"], True),
        (bool, ["0"], False),
        (int, ["007"], 7),
        (str, ["7"], "7"),
        (str, ["[1]"], "[1]"),
        (str, [""], ""),
        (str | None, [""], ""),
        (int | None, [""], None),
        (list[int] | None, [""], None),
        (list[str], [""], [""]),
        (list[str], ["a"], ["a"]),
        (list[str], ["a", "b"], ["a", "b"]),
        (list[str], ["[draft]"], ["[draft]"]),
        (list[int], ["1", "2"], [1, 2]),
        (list[list[int]], ["[1, 2]"], [[1, 2]]),
        (list[list[int]], ["[1]", "[2]"], [[1], [2]]),
        (list[Box], ['{"x": 1}', '{"x": 2}'], [Box(x=1), Box(x=2)]),
        (set[int], ["1", "2", "2"], {1, 2}),
        (tuple[int, str], ["1", "2"], (1, "2")),
        (Literal["1", 1], ["1"], "1"),
        (Literal["a", 1], ["1"], 1),
        (Any, ["abc"], "abc"),
        (Any, ["1", "b"], [1, "b"]),
        (Box | str, ['{"x": 1}'], Box(x=1)),
        (Box | str, ["{x"], "{x"),
    ],
)
def test_text_is_read_as_the_hint_wants(
    hint: Any, texts: list[str], expected: Any
) -> None:
    assert expected == from_query(hint, *texts)


@pytest.mark.parametrize("hint", [int, float, int | None, list[int], Literal[1]])
def test_the_text_true_is_no_number(hint: Any) -> None:
    assert errors_of(lambda: from_query(hint, "true"))


@given(st.integers() | st.text(max_size=3) | st.none() | st.booleans())
def test_an_argument_without_a_hint_takes_any_json(value: Any) -> None:
    def predict(x):  # type: ignore[no-untyped-def]  # its point
        ...

    body = json.dumps({"x": value}).encode()

    assert {"x": value} == signature(predict).bind(Inputs(raw_json=body))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_query_and_json_give_the_same_numbers(numbers: list[float]) -> None:
    if not numbers:
        return

    assert from_json(list[float], numbers) == from_query(
        list[float], *(json.dumps(one) for one in numbers)
    )


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (int, "3"),
        (int, True),
        (int, 3.5),
        (float, "3"),
        (bool, 1),
        (str, 3),
        (Box, {"x": "3"}),
        (float, 1e999),
        (datetime.date, 5),
    ],
)
def test_a_json_value_has_to_be_of_its_json_type(hint: Any, value: Any) -> None:
    body = json.dumps({"x": value}).replace("Infinity", "1e999").encode()

    assert errors_of(lambda: of(hint).bind(Inputs(raw_json=body)))


# ------------------------------------------------------------ where they come from


def two(a: int = 0, b: int = 0) -> None: ...


def test_the_query_wins_over_the_form_and_the_form_over_json() -> None:
    bind = signature(two).bind

    assert {"a": 1, "b": 2} == bind(
        Inputs(query=[("a", "1")], form=[("a", "9"), ("b", "2")])
    )
    assert {"a": 1, "b": 2} == bind(
        Inputs(query=[("a", "1")], raw_json=b'{"a": 9, "b": 2}')
    )
    assert {"a": 1, "b": 2} == bind(Inputs(form=[("a", "1")], json={"a": 9, "b": 2}))


@pytest.mark.parametrize("inputs", [Inputs(), Inputs(raw_json=b""), Inputs(json={})])
def test_what_is_not_given_has_its_default(inputs: Inputs) -> None:
    assert {"a": 0, "b": 0} == signature(two).bind(inputs)


def test_a_body_may_be_a_view_of_memory() -> None:
    body = memoryview(b'{"a": 1}')

    assert {"a": 1, "b": 0} == signature(two).bind(Inputs(raw_json=body))


def test_a_mutable_default_is_not_shared_between_calls() -> None:
    bind = of(list[int], []).bind

    bind(Inputs(raw_json=b"{}"))["x"].append(1)

    assert {"x": []} == bind(Inputs(raw_json=b"{}"))


@pytest.mark.parametrize(
    "body", [b"{", b"nope", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff", b'"\\ud800"']
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBodyError, match="line 1 column"):
        signature(two).bind(Inputs(raw_json=body))


def test_words_for_odd_numbers_are_allowed_in_text() -> None:
    assert "NaN, Infinity" == from_json(str, "NaN, Infinity")


@pytest.mark.parametrize("body", [b"[1]", b"null", b"3", b'"a"'])
@pytest.mark.parametrize("query", [[], [("a", "1")]])
def test_a_body_that_is_no_object_is_refused(
    body: bytes, query: Sequence[tuple[str, str]]
) -> None:
    inputs = Inputs(raw_json=body, query=query)

    found = errors_of(lambda: signature(two).bind(inputs))

    assert "object" in found[""]


# ------------------------------------------------------------ what is wrong


def many(
    a: int,
    top_k: Annotated[int, Field(ge=1)] = 3,
    boxes: list[Box] = [],  # noqa: B006  authors write it
    either: int | Box = 1,
    odd: Annotated[dict[str, int], Field(alias="o/d~d")] = {},  # noqa: B006
) -> None: ...


def test_all_errors_are_named_at_once_with_pointers() -> None:
    body = json.dumps(
        {
            "topk": 1,
            "top_k": 0,
            "boxes": [{"x": "q"}, {"tags": [1]}],
            "either": {"x": "q"},
            "o/d~d": {"k": "v"},
        }
    ).encode()

    found = errors_of(lambda: signature(many).bind(Inputs(raw_json=body)))

    assert {
        "/a": "This argument is required.",
        "/topk": "Unknown argument 'topk'; did you mean 'top_k'?",
        "/top_k": "Input should be greater than or equal to 1",
        "/boxes/0/x": "Input should be a valid integer",
        "/boxes/1/x": "Required.",
        "/boxes/1/tags/0": "Input should be a valid string",
        "/either": "Input should be a valid integer",
        "/either/x": "Input should be a valid integer",
        "/o~1d~0d/k": "Input should be a valid integer",
    } == found


def test_text_and_schema_errors_are_named_together() -> None:
    query = [("a", "x"), ("top_k", "1"), ("top_k", "2"), ("boxes", "{"), ("q", "1")]

    found = errors_of(lambda: signature(many).bind(Inputs(query=query)))

    assert {"/a", "/top_k", "/boxes", "/q"} == set(found)
    assert found["/top_k"] == "One value belongs here, not 2."
    assert found["/q"].startswith("Unknown argument 'q'; there are: a, top_k")


def test_the_members_of_a_union_speak_in_one_sentence() -> None:
    found = errors_of(lambda: from_json(int | bool, "x"))

    assert {
        "/x": "Input should be a valid integer; or: Input should be a valid boolean"
    } == found


def test_an_authors_validator_speaks_in_its_own_words() -> None:
    def check(value: int) -> int:
        raise ValueError("only the model can know")

    found = errors_of(lambda: from_json(Annotated[int, AfterValidator(check)], 1))

    assert {"/x": "only the model can know"} == found


def test_a_flood_of_errors_is_cut_short() -> None:
    found = errors_of(lambda: from_json(list[int], ["x"] * 1000))

    assert len(found) == 100
