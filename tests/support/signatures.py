"""Signatures of one-argument functions, for tests of what a hint means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deepaas.errors import InvalidInputError, SignatureError
from deepaas.model.arguments import Argument, Inputs, Upload
from deepaas.model.signature import NativeSignature, read_signature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def signature(function: Callable[..., Any]) -> NativeSignature:
    return read_signature(function, model="plants", operation="predict")


def of(hint: Any, *default: Any) -> NativeSignature:
    """Return the signature of `predict(x: hint = default)`."""

    def predict(x: Any) -> None: ...

    predict.__annotations__ = {"x": hint}
    predict.__defaults__ = default
    return signature(predict)


def argument(hint: Any, *default: Any) -> Argument:
    (only,) = of(hint, *default).arguments
    return only


def from_json(hint: Any, value: Any) -> Any:
    body = json.dumps({"x": value}).encode()
    return of(hint).bind(Inputs(raw_json=body))["x"]


def from_query(hint: Any, *texts: str) -> Any:
    return of(hint).bind(Inputs(query=[("x", text) for text in texts]))["x"]


def errors_of(bind: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        bind()
    return {one.pointer: one.detail for one in caught.value.errors}


def refusal(hint: Any, *default: Any) -> str:
    with pytest.raises(SignatureError) as caught:
        of(hint, *default)
    return caught.value.reason


def uploaded(path: Path, name: str = "photo.png") -> Upload:
    return Upload(path=str(path), filename=name, size_bytes=path.stat().st_size)
