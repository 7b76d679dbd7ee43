from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from deepaas.model.refusals import LONGEST_NAME, field_errors, json_pointer


class Cat(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: dict[str, int]


def details(hint: Any, value: Any, names: list[str] | None = None) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(hint).validate_python(value)
    return field_errors(caught.value, value, names=names or [])


def test_the_member_of_a_union_is_no_step_in_a_pointer() -> None:
    found = details(list[Cat | Dog], [{"kind": "cat", "lives": "x"}])

    assert {"/0/lives", "/0/kind", "/0/tricks"} == set(found)


def test_the_key_of_a_mapping_is_one_step() -> None:
    assert {"/a~1b"} == set(details(dict[str, int], {"a/b": "x"}))
    assert {"/x"} == set(details(dict[int, int], {"x": 1}))


def test_an_unknown_member_within_an_argument_is_named() -> None:
    value = [{"kind": "cat", "lives": 9, "life": 1}]

    assert {"/0/life": "Unknown: 'life'."} == details(list[Cat], value, ["lives"])


def test_a_long_unknown_name_is_cut() -> None:
    found = details(Cat, {"kind": "cat", "lives": 9, "x" * 5000: 1}, ["kind", "lives"])

    (detail,) = found.values()
    assert len(detail) < LONGEST_NAME + 100


def test_a_value_that_is_no_object_is_told_so() -> None:
    assert "object" in details(Cat, 3)[""]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [([], ""), (["a", 0], "/a/0"), (["a/b", "c~d"], "/a~1b/c~0d"), ([""], "/")],
    ids=str,
)
def test_pointers_are_escaped(steps: list[str | int], expected: str) -> None:
    assert expected == json_pointer(steps)
