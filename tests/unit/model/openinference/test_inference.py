"""From the bytes of a request to those of its answer, without a server."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np
from PIL import Image
from webargs import fields

import deepaas
from deepaas import errors, messages
from deepaas.model import tensor_json
from deepaas.model.loading import load_object
from deepaas.model.openinference.datatypes import NUMERIC, pack
from deepaas.worker.inline import InlineWorker

Vector = Annotated[np.ndarray, deepaas.Tensor("float32", (None,))]


@dataclass
class Both:
    doubled: Vector
    total: float
    names: list[str]
    nothing: Vector | None = None


@dataclass
class Answer:
    document: dict[str, Any]
    tensors: bytes

    @property
    def output(self) -> dict[str, Any]:
        [only] = self.document["outputs"]
        return dict(only)


def infer(
    model: Any,
    *inputs: dict[str, Any],
    tensors: bytes = b"",
    coding: str = "",
    **more: Any,
) -> Answer:
    """Ask a model with tensors; returns what it answers."""
    body = json.dumps({"inputs": inputs, **more}).encode()
    head = messages.InferenceHead(
        json_bytes=len(body) if tensors else None, answer_coding=coding
    )
    request = messages.Predict(seq=0, request_id="r", inference=head)
    with InlineWorker(load_object("made", model)) as worker:
        call = worker.begin(request, body + tensors)
        encoded = worker.encode(call, worker.run(call))
        worker.forget(call)
    content = encoded.content()
    end = len(content) if encoded.json_bytes is None else encoded.json_bytes
    return Answer(json.loads(content[:end]), content[end:])


def given_(name: str, datatype: str, data: list[Any], shape: Any = None) -> Any:
    shape = [len(data)] if shape is None else shape
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def in_base64(name: str, text: str) -> Any:
    parameters = {"content_type": "base64"}
    return {**given_(name, "BYTES", [text]), "parameters": parameters}


def raw(name: str, datatype: str, content: bytes, shape: list[int]) -> Any:
    parameters = {"binary_data_size": len(content)}
    return {
        "name": name,
        "datatype": datatype,
        "shape": shape,
        "parameters": parameters,
    }


def identity(hint: Any) -> Any:
    def predict(x: Any) -> Any:
        return x

    predict.__annotations__ = {"x": hint, "return": hint}
    return predict


def shown(hint: Any) -> Any:
    """Return a model that says what its argument is."""

    def predict(x: Any) -> Any:
        return repr(x)

    predict.__annotations__ = {"x": hint, "return": str}
    return predict


# ---------------------------------------------------------------------- arrays


@given(st.data())
def test_an_array_comes_back_as_it_was_sent(data: st.DataObject) -> None:
    datatype = data.draw(st.sampled_from([one for one in NUMERIC if one != "BF16"]))
    dtype = NUMERIC[datatype].dtype
    shapes = st_np.array_shapes(min_dims=0, max_side=4)
    array = data.draw(st_np.arrays(dtype, shapes))

    answer = infer(
        identity(Annotated[np.ndarray, deepaas.Tensor(dtype, array.shape)]),
        raw("x", datatype, array.tobytes(), list(array.shape)),
        tensors=array.tobytes(),
        parameters={"binary_data_output": True},
    )

    assert array.tobytes() == answer.tensors
    assert list(array.shape) == answer.output["shape"]
    assert datatype == answer.output["datatype"]


def test_an_array_may_be_empty() -> None:
    answer = infer(identity(Vector), given_("x", "FP32", []))

    assert [] == answer.output["data"]
    assert [0] == answer.output["shape"]


@pytest.mark.parametrize("data", [[1, 2, 3, 4.5], [[1, 2], [3, 4.5]]])
def test_data_in_json_may_be_nested_or_not(data: list[Any]) -> None:
    model = identity(Annotated[np.ndarray, deepaas.Tensor("float32", (2, 2))])

    answer = infer(model, given_("x", "FP32", data, [2, 2]))

    assert [1, 2, 3, 4.5] == answer.output["data"]


def test_a_model_may_change_an_array_that_came_as_bytes() -> None:
    def predict(x: Vector) -> Vector:
        x *= 2
        return x

    predict.__annotations__ = {"x": Vector, "return": Vector}
    content = struct.pack("<2f", 1, 2)

    answer = infer(predict, raw("x", "FP32", content, [2]), tensors=content)

    assert [2, 4] == answer.output["data"]


@pytest.mark.parametrize(
    ("bits", "number"),
    [(0x3F80, 1.0), (0xC0A0, -5.0), (0x7F80, np.inf), (0x0001, 2.0**-133)],
)
def test_a_bfloat16_is_a_float32_to_the_model(bits: int, number: float) -> None:
    seen: list[Any] = []

    def predict(x: Any) -> Any:
        seen.append(x)
        return x

    rough = Annotated[np.ndarray, deepaas.Tensor("bfloat16", (1,))]
    predict.__annotations__ = {"x": rough, "return": rough}
    content = struct.pack("<H", bits)

    answer = infer(
        predict,
        raw("x", "BF16", content, [1]),
        tensors=content,
        parameters={"binary_data_output": True},
    )

    assert (np.float32, number) == (seen[0].dtype, seen[0][0])
    assert content == answer.tensors


def test_a_bfloat16_is_rounded_to_the_nearest() -> None:
    rough = Annotated[np.ndarray, deepaas.Tensor("bfloat16", (4,))]

    def predict() -> Any:
        return [1.0 + 2**-9, 1.0 + 3 * 2**-9, np.nan, -np.inf]

    predict.__annotations__ = {"return": rough}

    answer = infer(predict, parameters={"binary_data_output": True})

    assert (0x3F80, 0x3F81, 0x7FC0, 0xFF80) == struct.unpack("<4H", answer.tensors)


def test_what_a_model_returns_is_made_what_its_hint_says() -> None:
    def predict() -> Any:
        return [1, 2]

    predict.__annotations__ = {"return": Vector}

    answer = infer(predict, parameters={"binary_data_output": True})

    assert struct.pack("<2f", 1, 2) == answer.tensors


@pytest.mark.parametrize("result", [["a"], [[1], [2, 3]], {"a": 1}, [1j]])
def test_a_result_that_is_no_such_array_is_the_models_fault(result: Any) -> None:
    def predict() -> Any:
        return result

    predict.__annotations__ = {"return": Vector}

    with pytest.raises(errors.BadOutputError, match="predictions"):
        infer(predict)


# ---------------------------------------------------------------- plain values


@pytest.mark.parametrize(
    ("hint", "datatype", "value"),
    [
        (float, "FP64", 1.5),
        (int, "INT64", -3),
        (bool, "BOOL", True),
        (str, "BYTES", "grün"),
    ],
)
@pytest.mark.parametrize("is_binary", [True, False])
def test_a_value_is_a_tensor_of_one_element(
    hint: Any, datatype: str, value: Any, is_binary: bool
) -> None:
    element = value.encode() if datatype == "BYTES" else value
    content = pack(datatype, [element])
    sent = raw("x", datatype, content, [1])

    if is_binary:
        answer = infer(
            identity(hint),
            sent,
            tensors=content,
            parameters={"binary_data_output": True},
        )
        assert content == answer.tensors
        assert [1] == answer.output["shape"]
    else:
        answer = infer(identity(hint), given_("x", datatype, [value]))
        assert [value] == answer.output["data"]


@pytest.mark.parametrize(
    ("hint", "sent", "expected"),
    [
        (list[int], given_("x", "INT64", [1, 2]), "[1, 2]"),
        (list[float], given_("x", "FP64", []), "[]"),
        (
            list[list[int]],
            given_("x", "INT64", [1, 2, 3, 4], [2, 2]),
            "[[1, 2], [3, 4]]",
        ),
        (list[list[int]], given_("x", "INT64", [[1], [2]], [2, 1]), "[[1], [2]]"),
        (list[list[int]], given_("x", "INT64", [], [0, 2]), "[]"),
        (list[str], given_("x", "BYTES", ["a", "b"]), "['a', 'b']"),
        (dict[str, int], given_("x", "BYTES", ['{"a": 1}']), "{'a': 1}"),
        (int | None, given_("x", "BYTES", ["null"]), "None"),
        (float, given_("x", "FP64", [1], [1, 1, 1]), "1.0"),
        (bytes, given_("x", "BYTES", ["é"]), repr("é".encode())),
        (bytes, in_base64("x", "/wA="), repr(b"\xff\0")),
    ],
    ids=str,
)
def test_a_tensor_becomes_what_the_hint_says(
    hint: Any, sent: dict[str, Any], expected: str
) -> None:
    assert [expected] == infer(shown(hint), sent).output["data"]


def test_files_and_images_are_bytes(tmp_path: Path) -> None:
    def predict(photo: Any, files: Any) -> Any:
        assert ["a", "bc"] == [one.read_text() for one in files]
        return photo.transpose(Image.Transpose.ROTATE_90)

    predict.__annotations__ = {
        "photo": Image.Image,
        "files": list[Path],
        "return": Image.Image,
    }
    path = tmp_path / "photo.png"
    Image.new("RGB", (2, 3)).save(path)
    content = pack("BYTES", [path.read_bytes()])

    answer = infer(
        predict,
        raw("photo", "BYTES", content, [1]),
        given_("files", "BYTES", ["a", "bc"]),
        tensors=content,
        parameters={"binary_data_output": True},
    )

    assert "image/png" == answer.output["parameters"]["content_type"]
    assert b"\x89PNG" == answer.tensors[4:8]


def test_an_object_has_an_output_for_each_member() -> None:
    def predict(x: Any) -> Any:
        return Both(doubled=x * 2, total=float(x.sum()), names=["a", "b"])

    predict.__annotations__ = {"x": Vector, "return": Both}

    answer = infer(predict, given_("x", "FP32", [1, 2]))

    assert [("doubled", [2, 4]), ("total", [3]), ("names", ["a", "b"])] == [
        (one["name"], one["data"]) for one in answer.document["outputs"]
    ]


def test_outputs_are_sent_as_they_are_asked_for() -> None:
    def predict() -> Any:
        return Both(doubled=np.ones(1, "float32"), total=2.0, names=[])

    predict.__annotations__ = {"return": Both}
    wanted = [
        {"name": "total"},
        {"name": "doubled", "parameters": {"binary_data": True}},
    ]

    answer = infer(predict, outputs=wanted, id="7")

    assert ("made", "0", "7") == tuple(
        answer.document[one] for one in ("model_name", "model_version", "id")
    )
    [total, doubled] = answer.document["outputs"]
    assert ("total", [2.0]) == (total["name"], total["data"])
    assert {"binary_data_size": 4} == doubled["parameters"]
    assert struct.pack("<f", 1) == answer.tensors


def test_a_stream_is_one_json_array() -> None:
    def predict() -> Iterator[int]:
        yield from (1, 2)

    predict.__annotations__ = {"return": Iterator[int]}

    assert ["[1,2]"] == infer(predict).output["data"]


def test_each_item_of_a_batch_is_asked_for_with_tensors() -> None:
    @dataclass
    class Item:
        x: Vector

    @deepaas.batched(max_size=4)
    def predict(items: Any) -> Any:
        return [one.x + 1 for one in items]

    predict.__annotations__ = {"items": list[Item], "return": list[Vector]}

    assert [2, 3] == infer(predict, given_("x", "FP32", [1, 2])).output["data"]


def test_a_2x_model_gets_its_files_and_answers_without_a_status() -> None:
    class Legacy:
        def get_predict_args(self) -> dict[str, Any]:
            return {
                "data": fields.Field(required=True, type="file", location="form"),
                "n": fields.Int(load_default=1),
                "q": fields.Str(location="query"),
            }

        def predict(self, data: Any, n: int, q: str) -> Any:
            return {"read": Path(data.filename).read_text(), "n": n, "q": q}

    answer = infer(
        Legacy(),
        given_("data", "BYTES", ["content"]),
        given_("n", "INT64", [3]),
        given_("q", "BYTES", ["why"]),
    )

    [text] = answer.output["data"]
    assert {"read": "content", "n": 3, "q": "why"} == json.loads(text)


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("hint", "sent", "reason"),
    [
        (Vector, given_("x", "FP64", [1]), "'x' has to be FP32, not FP64"),
        (Vector, given_("y", "FP32", [1]), "no input 'y'; known: x"),
        (Vector, given_("x", "FP32", [1], [1, 1]), r"shape \(\*\)"),
        (Vector, given_("x", "FP32", [1, 2], [3]), "2 elements, but shape .* has 3"),
        (Vector, given_("x", "FP32", ["1"]), "no FP32"),
        (Vector, given_("x", "FP32", [True]), "no FP32"),
        (Vector, given_("x", "FP32", [[1], 2]), "no FP32"),
        (Vector, given_("x", "FP32", [1e300]), "range of float32"),
        (Vector, {**given_("x", "FP32", []), "data": 3}, "has to be a list"),
        (int, given_("x", "INT64", [1, 2]), r"shape \[1\]"),
        (int, given_("x", "INT64", [1.5]), "no INT64"),
        (list[int], given_("x", "INT64", [1, 2], [1, 2]), r"shape \[-1\]"),
        (list[list[int]], given_("x", "INT64", [], [10**12, 0]), "without elements"),
        (
            Annotated[np.ndarray, deepaas.Tensor("int8")],
            given_("x", "INT8", [], [2**62, 2**62, 0]),
            "cannot have shape",
        ),
        (
            Annotated[np.ndarray, deepaas.Tensor("int8")],
            given_("x", "INT8", [], [0] * 100),
            "cannot have shape",
        ),
        (bytes, in_base64("x", "/wA"), "'x' is no base64"),
        (bytes, in_base64("x", "é"), "'x' is no base64"),
        (dict[str, int], given_("x", "BYTES", ["{"]), "has to be JSON text"),
        (dict[str, int], given_("x", "BYTES", ['{"a": "b"}']), "/x/a"),
        (
            Annotated[np.ndarray, deepaas.Tensor("float16")],
            given_("x", "FP16", [1]),
            "binary tensor",
        ),
        (
            Annotated[np.ndarray, deepaas.Tensor("uint8")],
            given_("x", "UINT8", [256]),
            "range of uint8",
        ),
    ],
    ids=str,
)
def test_a_wrong_input_is_refused_with_the_reason(
    hint: Any, sent: dict[str, Any], reason: str
) -> None:
    with pytest.raises(errors.InvalidInputError, match=reason):
        infer(shown(hint), sent)


def test_an_input_may_not_be_there_twice() -> None:
    sent = given_("x", "INT64", [1])

    with pytest.raises(errors.InvalidInputError, match="twice"):
        infer(shown(int), sent, sent)


def test_a_missing_input_is_named() -> None:
    with pytest.raises(errors.InvalidInputError, match="/x: This argument is required"):
        infer(shown(int))


def test_text_that_is_none_is_refused() -> None:
    content = pack("BYTES", [b"\xff"])

    with pytest.raises(errors.InvalidInputError, match="no text"):
        infer(shown(str), raw("x", "BYTES", content, [1]), tensors=content)


def test_truth_is_zero_or_one() -> None:
    model = shown(Annotated[np.ndarray, deepaas.Tensor("bool")])

    with pytest.raises(errors.InvalidInputError, match="neither 0 nor 1"):
        infer(model, raw("x", "BOOL", b"\2", [1]), tensors=b"\2")


def test_an_unknown_output_is_refused_before_the_model_runs() -> None:
    def predict() -> int:
        raise AssertionError

    predict.__annotations__ = {"return": int}

    with pytest.raises(errors.InvalidInputError, match="no output 'y'; known: pred"):
        infer(predict, outputs=[{"name": "y"}])


@pytest.mark.parametrize(
    ("hint", "result", "reason"),
    [
        (Vector, np.array([np.nan]), "NaN or infinity"),
        (float, float("inf"), "NaN or infinity"),
        (
            Annotated[np.ndarray, deepaas.Tensor("float16")],
            np.ones(1),
            "no form in JSON",
        ),
        (bytes, b"\xff", "no text"),
    ],
    ids=str,
)
def test_what_json_cannot_hold_has_to_be_asked_for_as_bytes(
    hint: Any, result: Any, reason: str
) -> None:
    def predict() -> Any:
        return result

    predict.__annotations__ = {"return": hint}

    with pytest.raises(errors.InvalidInputError, match=f"{reason}.*binary_data"):
        infer(predict)
    assert infer(predict, parameters={"binary_data_output": True}).tensors


@pytest.mark.parametrize(("hint", "result"), [(int, "3"), (float, None), (str, 3)])
def test_a_result_that_is_not_what_its_hint_says_is_the_models_fault(
    hint: Any, result: Any
) -> None:
    def predict() -> Any:
        return result

    predict.__annotations__ = {"return": hint}

    with pytest.raises(errors.BadOutputError, match="that its hint says"):
        infer(predict)


Counts = Annotated[np.ndarray, deepaas.Tensor("uint64", (None,))]


def echo_counts(x: Counts) -> Counts:
    return x


def double(n: int) -> int:
    return n * 2


def listed(name: str, datatype: str, *data: Any, shape: Any = None) -> dict[str, Any]:
    shape = [len(data)] if shape is None else shape
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def test_large_and_small_integers_keep_their_value() -> None:
    numbers = [0, 1 << 63, (1 << 64) - 1]

    answer = infer(echo_counts, listed("x", "UINT64", *numbers))

    assert numbers == answer.output["data"]


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (echo_counts, listed("x", "UINT64", 1 << 64)),
        (echo_counts, listed("x", "UINT64", -1)),
        (double, listed("n", "INT64", 1 << 63)),
    ],
)
def test_an_integer_out_of_range_is_refused(model: Any, given: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInputError, match="out of the range"):
        infer(model, given)


def test_a_result_that_does_not_fit_its_datatype_is_the_models_fault() -> None:
    with pytest.raises(errors.BadOutputError, match="no INT64"):
        infer(double, listed("n", "INT64", 1 << 62))


def test_rows_that_differ_in_length_are_refused() -> None:
    with pytest.raises(errors.InvalidInputError, match="differ in length"):
        infer(echo_counts, listed("x", "UINT64", [1], [2, 3, 4], shape=[4]))


# ------------------------------------------------------------ many numbers in JSON

MANY = [0.1 * number for number in range(6000)]
Numbers = Annotated[np.ndarray, deepaas.Tensor("float32", (None,))]


def total(x: Numbers) -> float:
    return float(x.sum(dtype="float64"))


@pytest.mark.parametrize("data", [MANY, [[one] for one in MANY], [*MANY[:-1], 600]])
def test_many_numbers_are_read_as_few_are(
    data: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = given_("x", "FP32", data)
    short = infer(total, sent).output["data"]
    monkeypatch.setattr(tensor_json, "_simdjson", lambda: None)

    assert infer(total, sent).output["data"] == short


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([*MANY, "1"], "no FP32"),
        ([*MANY, None], "no FP32"),
        ([*MANY, [1.0]], "no FP32"),
        ([*MANY, 1e300], "range of float32"),
    ],
    ids=["text", "null", "list", "range"],
)
def test_of_many_numbers_a_wrong_one_is_found(data: list[Any], expected: str) -> None:
    with pytest.raises(errors.InvalidInputError, match=expected):
        infer(total, given_("x", "FP32", data))


def test_many_numbers_have_to_be_as_many_as_the_shape_says() -> None:
    with pytest.raises(errors.InvalidInputError, match="6000"):
        infer(total, given_("x", "FP32", MANY, [6001]))
