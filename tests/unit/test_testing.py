"""`deepaas.testing.Client`: the real pipeline, seen from a test."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncIterator, Iterator  # noqa: TC003 - hints of models
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import BaseModel, Field
from webargs import fields

import deepaas
from deepaas import InvalidInputError
from deepaas.errors import (
    ModelError,
    ModelLoadError,
    OperationNotImplementedError,
)
from deepaas.testing import Client

PNG = b"\x89PNG\r\n\x1a\n"


class Fish(BaseModel):
    length: float
    caught: date | None = None


class Weigher:
    """Weighs fish."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def warm(self) -> None:
        self.calls.append("warm")

    def close(self) -> None:
        self.calls.append("close")

    def predict(
        self, fish: list[Fish], factor: Annotated[float, Field(gt=0)] = 1
    ) -> dict[str, float]:
        self.calls.append("predict")
        return {"weight": sum(one.length for one in fish) * factor}


def read_files(
    scan: deepaas.File, others: list[Path] | None = None, note: str = ""
) -> dict[str, Any]:
    return {
        "name": scan.filename,
        "type": scan.content_type,
        "text": scan.read_text(),
        "others": [path.read_text() for path in others or []],
        "note": note,
    }


def draw() -> bytes:
    return PNG


def count(upto: int, fail_at: int = 99) -> Iterator[int]:
    for number in range(upto):
        if number == fail_at:
            raise RuntimeError("out of numbers")
        yield number


def refuse(why: str) -> int:
    if why == "input":
        raise InvalidInputError("not today")
    raise ZeroDivisionError(why)


@dataclass
class Pair:
    a: int
    b: int = 1


@deepaas.batched(max_size=8)
def add(items: list[Pair]) -> list[int]:
    return [item.a + item.b for item in items]


class Slow:
    async def warm(self) -> None:
        self.factor = 3

    async def predict(self, x: int) -> int:
        return x * self.factor


async def tick(upto: int) -> AsyncIterator[int]:
    for number in range(upto):
        yield number


def v2_model() -> types.ModuleType:
    module = types.ModuleType("published")
    arguments = {
        "size": fields.Int(required=True),
        "who": fields.Str(
            load_default="me", data_key="X-Who", metadata={"location": "headers"}
        ),
        "data": fields.Raw(load_default=None, metadata={"type": "file"}),
    }

    def predict(**kwargs: Any) -> Any:
        upload = kwargs.pop("data")
        text = Path(upload.filename).read_text() if upload else None
        return {**kwargs, "data": text}

    module.__dict__.update(predict=predict, get_predict_args=lambda: arguments)
    return module


# --------------------------------------------------------------------- predict


@pytest.mark.parametrize("model", [Weigher, Weigher()])
def test_a_class_or_an_instance_is_a_model(model: Any) -> None:
    with Client(model) as client:
        result = client.predict(fish=[{"length": 2}, Fish(length=3)], factor=2)

    assert {"weight": 10.0} == result


def test_warm_comes_first_and_close_last() -> None:
    model = Weigher()

    with Client(model) as client:
        client.predict(fish=[])
        client.predict(fish=[])

    assert ["warm", "predict", "predict", "close"] == model.calls


def test_values_are_sent_as_json() -> None:
    def predict(day: date, numbers: list[int], note: str | None = "x") -> list[str]:
        return [type(one).__name__ for one in (day, numbers, numbers[0], note)]

    with Client(predict) as client:
        found = client.predict(day=date(2026, 1, 31), numbers=np.arange(3), note=None)

    assert ["date", "list", "int", "NoneType"] == found


def test_what_is_no_json_is_told() -> None:
    with Client(refuse) as client, pytest.raises(ValueError, match="no JSON"):
        client.predict(why=object())


def test_wrong_arguments_raise_what_callers_are_told() -> None:
    with Client(Weigher) as client, pytest.raises(InvalidInputError) as caught:
        client.predict(factor=0, fsh=[])

    pointers = {one.pointer for one in caught.value.errors}
    assert {"/fish", "/factor", "/fsh"} == pointers


def test_files_are_given_in_many_ways(tmp_path: Path) -> None:
    path = tmp_path / "scan.txt"
    path.write_text("hello")

    with Client(read_files) as client:
        by_path = client.predict(scan=path)
        by_text = client.predict(scan=str(path))
        by_file = client.predict(scan=deepaas.File(path, filename="renamed.csv"))
        by_content = client.predict(scan=b"hello", others=[path, b"more"], note="n")

    expected = {"name": "scan.txt", "type": "text/plain", "text": "hello"}
    assert expected.items() <= by_path.items()
    assert by_path == by_text
    assert ("renamed.csv", "text/csv") == (by_file["name"], by_file["type"])
    assert (["hello", "more"], "n") == (by_content["others"], by_content["note"])


def test_a_file_may_be_sent_within_json() -> None:
    with Client(read_files) as client:
        result = client.predict(scan={"value": "aGk=", "mediaType": "text/plain"})

    assert "hi" == result["text"]


def test_binary_results_are_bytes_and_streams_are_lists() -> None:
    with Client(draw) as client:
        assert client.predict() == PNG
    with Client(count) as client:
        assert [0, 1, 2] == client.predict(upto=3)


def test_async_batched_and_streaming_models_are_called_alike() -> None:
    with Client(Slow) as client:
        assert 12 == client.predict(x=4)
    with Client(add) as client:
        assert 5 == client.predict(a=4)
    with Client(tick) as client:
        assert [0, 1] == client.predict(upto=2)


def test_an_exception_of_the_model_is_the_cause() -> None:
    with Client(refuse) as client:
        with pytest.raises(ModelError, match="upside down") as caught:
            client.predict(why="upside down")
        with pytest.raises(InvalidInputError, match="not today"):
            client.predict(why="input")

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_stream_that_breaks_off_raises() -> None:
    with Client(count) as client, pytest.raises(ModelError, match="out of numbers"):
        client.predict(upto=3, fail_at=1)


def test_arguments_of_a_2x_model_go_where_they_are_looked_for() -> None:
    with Client(v2_model()) as client:
        result = client.predict(size=3, data=b"hello", **{"X-Who": "you"})

    assert "OK" == result["status"]
    assert {"size": 3, "who": "you", "data": "hello"} == result["predictions"]


def test_a_model_without_predict_says_so() -> None:
    def train(epochs: int) -> None: ...

    with (
        Client(types.SimpleNamespace(train=train)) as client,
        pytest.raises(OperationNotImplementedError),
    ):
        client.predict()


def test_the_description_is_that_of_a_server() -> None:
    with Client(Weigher) as client:
        predict = client.description.operations["predict"]

    assert ["fish", "factor"] == [one.name for one in predict.arguments]


# ------------------------------------------------------------------- reference


def test_a_model_may_be_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "model_of_a_testing_test.py"
    path.write_text("def predict(x: int) -> int:\n    return x + 1\n")

    with Client(str(path)) as client:
        assert 2 == client.predict(x=1)
    sys.modules.pop(path.stem)


def test_a_model_that_cannot_be_loaded_is_refused() -> None:
    with pytest.raises(ModelLoadError):
        Client(object())


def test_a_warm_that_fails_is_told() -> None:
    class Cold(Weigher):
        def warm(self) -> None:
            raise RuntimeError("too cold")

    with pytest.raises(ModelLoadError, match="too cold"):
        Client(Cold)


# ------------------------------------------------------------------------ post


def test_an_answer_is_what_an_http_client_gets() -> None:
    with Client(Weigher) as client:
        answer = client.post(json={"fish": [{"length": 2}]})

    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    assert b'{"weight":2.0}' == answer.body
    assert {"weight": 2.0} == answer.json()


def test_query_form_and_json_are_read_as_by_a_server() -> None:
    with Client(count) as client:
        assert b"0\n" == client.post(params={"upto": 1}).body
        assert b"0\n" == client.post(data={"upto": 1}).body
        assert 422 == client.post(json={"upto": "1"}).status


def test_a_multipart_form_has_fields_and_files(tmp_path: Path) -> None:
    path = tmp_path / "scan.txt"
    path.write_text("hello")

    with Client(read_files) as client:
        answer = client.post(
            data={"note": "grüße"}, files={"scan": path, "others": [b"1", b"2"]}
        )

    result = answer.json()
    assert ("scan.txt", "text/plain", "hello") == (
        result["name"],
        result["type"],
        result["text"],
    )
    assert (["1", "2"], "grüße") == (result["others"], result["note"])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"json": {}}, 422),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": "<a/>", "headers": {"Content-Type": "application/xml"}}, 415),
        ({"json": {"upto": 1}, "headers": {"Accept": "image/png"}}, 406),
        ({"json": {"upto": 1, "fail_at": 0}}, 500),
    ],
)
def test_errors_are_answers_too(request_: dict[str, Any], expected: int) -> None:
    with Client(count) as client:
        answer = client.post(**request_)

    assert expected == answer.status
    assert "application/problem+json" == answer.headers["content-type"]
    assert expected == answer.json()["status"]


def test_a_stream_that_breaks_off_is_an_answer_that_says_so() -> None:
    with Client(count) as client:
        answer = client.post(json={"upto": 3, "fail_at": 1})

    assert 200 == answer.status
    first, last = answer.body.splitlines()
    assert b"0" == first
    assert b"out of numbers" in last


def test_a_2x_model_answers_with_bodies_of_2x() -> None:
    with Client(v2_model()) as client:
        answer = client.post(json={"size": "big"}, headers={"X-Who": "you"})

    assert 422 == answer.status
    assert {"size": ["Not a valid integer."]} == answer.json()


def test_accept_chooses_the_media_type() -> None:
    with Client(count) as client:
        answer = client.post(json={"upto": 1}, headers={"accept": "text/event-stream"})

    assert "text/event-stream" == answer.headers["content-type"]
    assert b"data: 0\n\n" == answer.body


def test_nothing_is_left_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with Client(read_files) as client:
        client.predict(scan=b"hello")
        client.post(files={"scan": b"hello"})
        client.post(files={"scan": b"hello"}, data={"nonsense": 1})
        [inline] = tmp_path.iterdir()
        assert [] == list(inline.iterdir())

    assert [] == list(tmp_path.iterdir())
