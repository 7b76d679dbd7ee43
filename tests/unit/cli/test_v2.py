"""`deepaas-cli` in this process; its contract is in `tests/compat`."""

from __future__ import annotations

import ast
import json
import logging
from typing import TYPE_CHECKING

import pytest

from deepaas.cli.v2 import main
from deepaas.cli.v2_output import json_text, python_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    WriteModel = Callable[[str], str]
    Output = pytest.CaptureFixture[str]

MODEL = """\
import io
import numpy as np
from webargs import fields, validate

def get_metadata():
    return {"name": "plants"}

def warm():
    print("warming")
    warmed.append(True)

warmed = []

def get_predict_args():
    return {
        "conf": fields.Float(load_default=0.5),
        "flag": fields.Bool(load_default=False),
        "numbers": fields.List(fields.Int(), load_default=[]),
        "place": fields.Dict(load_default={}),
        "day": fields.Date(),
        "size": fields.Int(load_default=1, validate=validate.Range(max=5)),
        "photo": fields.Raw(metadata={"type": "file"}, load_default=None),
    }

def predict(**kwargs):
    kwargs["warmed"] = len(warmed)
    return kwargs

def get_train_args():
    return {"epochs": fields.Int(required=True)}

def train(epochs):
    return {"loss": np.float32(0.5)}
"""
NATIVE = """\
from collections.abc import Iterator
def predict(n: int = 2) -> Iterator[int]:
    yield from range(n)
"""


@pytest.fixture(autouse=True)
def quiet_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep settings of this machine and of the process out of the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr("multiprocessing.set_start_method", lambda *_, **__: None)


def returned(capfd: Output) -> str:
    [line] = [
        line for line in capfd.readouterr().out.splitlines() if "return: " in line
    ]
    return line.partition("return: ")[2]


def call(path: str, *words: str) -> int:
    return main(["--model-name", path, *words])


def test_an_argument_may_begin_as_an_option_of_ours_does(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 0 == call(write_model(MODEL), "predict", "--conf", "0.9")

    assert 0.9 == ast.literal_eval(returned(capfd))["conf"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("yes", True), ("T", True), ("1", True), ("no", False), ("whatever", False)],
)
def test_flags_are_words_as_in_2x(
    write_model: WriteModel, capfd: Output, word: str, *, expected: bool
) -> None:
    assert 0 == call(write_model(MODEL), "predict", "--flag", word)

    assert expected is ast.literal_eval(returned(capfd))["flag"]


@pytest.mark.parametrize("place", ["{'x': True}", '{"x": true}'])
def test_structured_values_are_literals_of_python_or_json(
    write_model: WriteModel, capfd: Output, place: str
) -> None:
    words = ["--numbers", "[1, 2]", "--place", place]

    assert 0 == call(write_model(MODEL), "predict", *words)

    result = ast.literal_eval(returned(capfd))
    assert ([1, 2], {"x": True}) == (result["numbers"], result["place"])


def test_values_are_read_as_the_fields_say(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 0 == call(write_model(MODEL), "predict", "--day", "2026-01-31")

    assert "datetime.date(2026, 1, 31)" in returned(capfd)


def test_values_are_checked_before_the_model_is_warmed(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 2 == call(write_model(MODEL), "predict", "--size", "9")

    captured = capfd.readouterr()
    assert "  --size: Must be less than or equal to 5." in captured.err
    assert "warming" not in captured.err


@pytest.mark.parametrize(("options", "expected"), [([], 1), (["--nowarm"], 0)])
def test_warm_comes_first_unless_declined(
    write_model: WriteModel, capfd: Output, options: list[str], expected: int
) -> None:
    path = write_model(MODEL)

    assert 0 == main(["--model-name", path, *options, "predict"])

    assert expected == ast.literal_eval(returned(capfd))["warmed"]


def test_a_copy_of_a_file_is_removed(
    write_model: WriteModel, capfd: Output, tmp_path: Path
) -> None:
    photo = tmp_path / "rose.tar.gz"
    photo.write_bytes(b"rose")

    assert 0 == call(write_model(MODEL), "predict", "--photo", str(photo))

    line = returned(capfd)
    assert "UploadedFile(name='photo', filename='" in line
    assert f"original_filename='{photo}'" in line
    copy = line.partition("filename='")[2].partition("'")[0]
    assert copy.endswith(".tar.gz")
    assert not (tmp_path / copy).exists()
    assert photo.exists()


def test_a_training_may_return_numpy(write_model: WriteModel, capfd: Output) -> None:
    assert 0 == call(write_model(MODEL), "train", "--epochs", "2")

    document = json.loads(returned(capfd))
    assert ({"epochs": 2}, {"loss": 0.5}) == (
        document["args"],
        document["result"]["output"],
    )


def test_a_native_model_is_a_model_too(write_model: WriteModel, capfd: Output) -> None:
    path = write_model(NATIVE)

    assert 0 == call(path, "predict", "--n", "3")

    assert [0, 1, 2] == ast.literal_eval(returned(capfd))


@pytest.mark.parametrize("method", ["get_metadata", "warm"])
def test_methods_without_arguments_take_none(
    write_model: WriteModel, capfd: Output, method: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        call(write_model(MODEL), method, "--n", "3")

    assert f"{method} takes no arguments" in capfd.readouterr().err


def test_a_method_that_the_model_lacks_is_exit_code_1(
    write_model: WriteModel, capfd: Output
) -> None:
    assert 1 == call(write_model(NATIVE), "train")

    assert "deepaas-cli: error: Not implemented" in capfd.readouterr().err


def test_a_file_that_cannot_be_written_is_named(
    write_model: WriteModel, capfd: Output, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    output = str(tmp_path / "file" / "out.json")

    assert 2 == call(
        write_model(NATIVE), "--deepaas_method_output", output, "get_metadata"
    )

    assert f"{output} cannot be written" in capfd.readouterr().err


class Matrix:
    def __repr__(self) -> str:
        return "array([[1, 2],\n       [3, 4]])"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "x\ny"}, "{'a': 'x\\ny'}"),
        ({"a": Matrix()}, "{'a': array([[1, 2], [3, 4]])}"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_result_stands_on_one_line_unless_it_is_text(
    value: object, expected: str
) -> None:
    assert expected == python_text(value)


def test_json_has_a_space_after_each_colon_as_in_2x() -> None:
    assert '{"status": "done", "nan": null}' == json_text(
        {"status": "done", "nan": float("nan")}
    )
