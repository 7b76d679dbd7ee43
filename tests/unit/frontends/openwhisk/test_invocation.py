"""What a plain invocation asks for, and what it gets."""

from __future__ import annotations

from typing import Any

import pytest

from deepaas.errors import InvalidInputError
from deepaas.frontends.openwhisk.invocation import bare_result, read_invocation
from deepaas.messages import ModelDescription, OperationDescription
from deepaas.model.arguments import Argument


def model(*names: str, lists: tuple[str, ...] = ()) -> ModelDescription:
    arguments = tuple(
        Argument(name=n, keyword=n, schema={}, required=False, is_list=n in lists)
        for n in names
    )
    operation = OperationDescription(name="predict", arguments=arguments)
    return ModelDescription(
        kind="native", metadata={}, operations={"predict": operation}
    )


ONE = {"plants": model("text")}
TWO = {**ONE, "dogs": model("photo")}


def asked(value: Any, models: dict[str, ModelDescription]) -> tuple[str, str, Any]:
    found = read_invocation(value, models)
    return found.model, found.operation, found.arguments


@pytest.mark.parametrize(
    ("value", "models", "expected"),
    [
        ({}, ONE, ("plants", "predict", {})),
        ({"text": "a"}, ONE, ("plants", "predict", {"text": "a"})),
        ({"text": "a", "__ow_user": "me"}, ONE, ("plants", "predict", {"text": "a"})),
        ({"model": "dogs", "x": 1}, TWO, ("dogs", "predict", {"x": 1})),
        ({"model": "none", "x": 1}, TWO, ("none", "predict", {"x": 1})),
        ({"args": {"model": 1}, "x": 2}, ONE, ("plants", "predict", {"model": 1})),
        ({"operation": "train"}, ONE, ("plants", "train", {})),
        ([1], ONE, ("plants", "predict", {"text": [1]})),
        ([], {"m": model("a", "b", lists=("b",))}, ("m", "predict", {"b": []})),
    ],
)
def test_what_is_asked_for(
    value: Any, models: dict[str, ModelDescription], expected: object
) -> None:
    assert expected == asked(value, models)


@pytest.mark.parametrize(
    ("value", "models", "pointer", "remedy"),
    [
        ({}, TWO, "/model", "plants, dogs"),
        ({"model": 1}, ONE, "/model", "plants"),
        ([1], TWO, "/model", "plants, dogs"),
        ({"operation": "guess"}, ONE, "/operation", "predict, train, validate"),
        ({"operation": []}, ONE, "/operation", "predict, train, validate"),
        ({"args": [1]}, ONE, "/args", "an object"),
        ({"args": None}, ONE, "/args", "an object"),
        ([1], {"m": model("a", "b")}, "", '"args"'),
        ([1], {"m": model("a", "b", lists=("a", "b"))}, "", '"args"'),
        ([1], {"m": model()}, "", '"args"'),
    ],
)
def test_what_is_not_clear_is_told(
    value: Any, models: dict[str, ModelDescription], pointer: str, remedy: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_invocation(value, models)

    [one] = caught.value.errors
    assert pointer == one.pointer
    assert remedy in one.detail


@pytest.mark.parametrize(
    ("media_type", "content", "expected"),
    [
        ("application/json", b'{"x":1}', b'{"x":1}'),
        ("application/json; charset=utf-8", b" [1]", b" [1]"),
        ("application/json", b"3", b'{"result":3}'),
        ("application/json", b'"\xe2\x9d\x84"', b'{"result":"\xe2\x9d\x84"}'),
        ("application/json", b"null", b'{"result":null}'),
        ("text/plain; charset=latin-1", b"\xe9", '{"result":"é"}'.encode()),
        ("image/png", b"\x89PNG", b'{"result":"iVBORw=="}'),
    ],
)
def test_a_result_is_an_object_or_an_array(
    media_type: str, content: bytes, expected: bytes
) -> None:
    assert expected == bare_result(content, media_type=media_type)
