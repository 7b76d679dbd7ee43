"""`deepaas predict` with the model in this process."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from deepaas.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    WriteModel = Callable[[str], str]
    Output = pytest.CaptureFixture[str]

IRIS = """\
def predict(length: float, width: float = 1.0) -> str:
    '''Name an iris.'''
    return "setosa" if length < 2.45 else "virginica"
"""
TALKATIVE = """\
import os
print("imported")
def warm():
    print("warmed")
def predict() -> list[int]:
    os.write(1, b"native\\n")
    print("predicted")
    return [1, 2]
"""
FILES = """\
from pathlib import Path
import deepaas
def predict(scan: deepaas.File, others: list[Path] = []) -> dict[str, str | int]:
    text = scan.read_text()
    scan.path.unlink()
    return {"name": scan.filename, "text": text, "others": len(others)}
"""
STREAM = """\
from collections.abc import Iterator
def predict(upto: int, fail_at: int = 99) -> Iterator[int]:
    for number in range(upto):
        if number == fail_at:
            raise RuntimeError("out of numbers")
        yield number
"""
ASYNC = """\
class Model:
    async def warm(self):
        self.factor = 3
    async def predict(self, x: int) -> int:
        return x * self.factor
"""
BATCHED = """\
from dataclasses import dataclass
import deepaas
@dataclass
class Item:
    x: int
@deepaas.batched(max_size=4)
def predict(items: list[Item]) -> list[int | Exception]:
    return [item.x * 2 if item.x else ValueError("no zero") for item in items]
"""
FAILING = """\
def predict(way: str) -> int:
    if way == "invalid":
        import deepaas
        raise deepaas.InvalidInputError("not today")
    if way == "exit":
        raise SystemExit(7)
    raise RuntimeError("the reactor is too hot")
"""
PICTURE = """\
def predict() -> bytes:
    return b"\\x89PNG"
"""
V2 = """\
from aiohttp import web
from webargs import fields, validate
def get_predict_args():
    return {
        "size": fields.Int(required=True, validate=validate.Range(max=5)),
        "options": fields.Dict(load_default={}),
        "names": fields.List(fields.Str(), load_default=[]),
    }
def predict(**kwargs):
    if kwargs["size"] == 5:
        raise web.HTTPBadRequest(reason="five is taken")
    return kwargs
"""


def test_a_result_is_shown_for_people(write_model: WriteModel, capfd: Output) -> None:
    assert 0 == main(["predict", write_model(IRIS), "--length", "1"])

    assert "setosa\n" == capfd.readouterr().out


def test_a_result_for_programs_is_json(write_model: WriteModel, capfd: Output) -> None:
    assert 0 == main(["predict", "--json", write_model(IRIS), "--length", "1"])

    assert '"setosa"\n' == capfd.readouterr().out


def test_all_that_is_wrong_is_told_at_once(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 2 == main(["predict", write_model(IRIS), "--width", "wide"])

    lines = capfd.readouterr().err.splitlines()
    assert "deepaas: error: The inputs are not valid." == lines[0]
    assert ["--length:", "--width:"] == [line.split()[0] for line in lines[1:]]


def test_what_a_model_prints_is_no_result(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 0 == main(["predict", "--json", write_model(TALKATIVE)])

    captured = capfd.readouterr()
    assert "[1,2]\n" == captured.out
    for word in ("imported", "warmed", "native", "predicted"):
        assert word in captured.err


def test_standard_output_is_as_before_afterwards(
    write_model: WriteModel, capfd: Output
) -> None:
    main(["predict", write_model(TALKATIVE)])
    capfd.readouterr()

    os.write(1, b"to standard output")

    assert "to standard output" == capfd.readouterr().out


def test_a_model_may_do_with_its_files_what_it_likes(
    write_model: WriteModel, tmp_path: Path, capfd: Output
) -> None:
    path = tmp_path / "scan.txt"
    path.write_text("hello")
    words = ["--scan", str(path), "--others", str(path), str(path)]

    assert 0 == main(["predict", "--json", write_model(FILES), *words])

    expected = {"name": "scan.txt", "text": "hello", "others": 2}
    assert expected == json.loads(capfd.readouterr().out)
    assert "hello" == path.read_text()


def test_a_stream_is_a_line_for_each_piece(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 0 == main(["predict", write_model(STREAM), "--upto", "3"])

    assert "0\n1\n2\n" == capfd.readouterr().out


def test_a_stream_that_breaks_off_says_so(
    write_model: WriteModel, capfd: Output
) -> None:
    words = ["--upto", "3", "--fail-at", "1"]

    assert 1 == main(["predict", "--json", write_model(STREAM), *words])

    captured = capfd.readouterr()
    first, last = captured.out.splitlines()
    assert "0" == first
    assert "out of numbers" == json.loads(last)["error"]["detail"]
    assert captured.err.endswith("deepaas: error: out of numbers\n")


def test_a_stream_that_never_begins_is_an_error(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 1 == main(["predict", write_model(STREAM), "--upto", "3", "--fail-at", "0"])

    assert "" == capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "attribute", "expected"), [(ASYNC, ":Model", "12\n"), (BATCHED, "", "8\n")]
)
def test_async_and_batched_models_are_called_as_any_other(
    write_model: WriteModel, capfd: Output, text: str, attribute: str, expected: str
) -> None:
    assert 0 == main(["predict", write_model(text) + attribute, "--x", "4"])

    assert expected == capfd.readouterr().out


def test_an_exception_in_a_batch_is_the_callers_own(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 1 == main(["predict", write_model(BATCHED), "--x", "0"])

    assert capfd.readouterr().err.endswith("deepaas: error: no zero\n")


@pytest.mark.parametrize(
    ("way", "status", "message"),
    [
        ("raise", 1, "the reactor is too hot"),
        ("exit", 1, "7"),
        ("invalid", 2, "not today"),
    ],
)
def test_what_a_model_raises_is_told_in_the_last_line(
    write_model: WriteModel, capfd: Output, way: str, status: int, message: str
) -> None:
    assert status == main(["predict", write_model(FAILING), "--way", way])

    captured = capfd.readouterr()
    assert "" == captured.out
    assert captured.err.endswith(f"deepaas: error: {message}\n")


def test_a_models_exception_comes_with_its_traceback(
    write_model: WriteModel, capfd: Output
) -> None:
    main(["predict", write_model(FAILING), "--way", "raise"])

    assert 'raise RuntimeError("the reactor is too hot")' in capfd.readouterr().err


def test_a_binary_result_goes_to_a_file(
    write_model: WriteModel, tmp_path: Path, capfd: Output
) -> None:
    path = tmp_path / "out.png"

    assert 0 == main(["predict", "--output", str(path), write_model(PICTURE)])

    assert b"\x89PNG" == path.read_bytes()
    assert "" == capfd.readouterr().out


def test_a_type_that_cannot_be_sent_is_refused(
    write_model: WriteModel, capfd: Output
) -> None:
    words = ["--accept", "image/png", write_model(IRIS), "--length", "1"]

    assert 2 == main(["predict", *words])

    assert "image/png" in capfd.readouterr().err


def test_help_of_a_model_shows_its_arguments(
    write_model: WriteModel, capfd: Output
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["predict", write_model(IRIS), "--help"])

    shown = capfd.readouterr().out
    assert "Name an iris." in shown
    assert "--length NUMBER" in shown


def test_an_option_of_ours_behind_the_model_is_sent_to_its_place(
    write_model: WriteModel, capfd: Output
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["predict", write_model(IRIS), "--length", "1", "--json"])

    assert "--json stands before MODEL" in capfd.readouterr().err


def test_an_option_of_ours_may_be_an_argument_of_the_model(
    write_model: WriteModel, capfd: Output
) -> None:
    model = write_model("def predict(url: str) -> str:\n    return url\n")

    assert 0 == main(["predict", model, "--url", "http://example.org"])

    assert "http://example.org\n" == capfd.readouterr().out


def test_a_2x_model_is_called_as_over_http(
    write_model: WriteModel, capfd: Output
) -> None:
    words = ["--size", "3", "--options", '{"a": 1}', "--names", "x", "y"]

    assert 0 == main(["predict", "--json", write_model(V2), *words])

    expected = {"size": 3, "options": {"a": 1}, "names": ["x", "y"]}
    answer = json.loads(capfd.readouterr().out)
    assert {"status": "OK", "predictions": expected} == answer


@pytest.mark.parametrize(
    ("size", "status", "message"), [("9", 2, "--size: "), ("5", 1, "five is taken")]
)
def test_errors_of_a_2x_model_are_told(
    write_model: WriteModel, capfd: Output, size: str, status: int, message: str
) -> None:
    assert status == main(["predict", write_model(V2), "--size", size])

    assert message in capfd.readouterr().err


def test_a_model_that_does_not_exist_is_named(capfd: Output) -> None:
    assert 1 == main(["predict", "nowhere/plants.py"])

    assert "no file 'nowhere/plants.py'" in capfd.readouterr().err


def test_a_model_without_predict_is_refused(
    write_model: WriteModel, capfd: Output
) -> None:
    model = write_model("def train(epochs: int) -> None: ...\n")

    assert 1 == main(["predict", model])

    assert "Not implemented" in capfd.readouterr().err
