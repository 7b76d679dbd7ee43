from __future__ import annotations

import dataclasses
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Optional

import numpy as np
import PIL.Image
import pytest
from pydantic import BaseModel, ConfigDict, Field

import deepaas
from deepaas.errors import BadOutputError, NotAcceptableError, SignatureError
from deepaas.model.files import QUALIFIED_SCHEMA
from deepaas.model.outputs import NativeCodec, read_codec
from deepaas.model.results import Encoded, ResultCodec

JSON = "application/json"
OCTETS = "application/octet-stream"
BROWSER = "text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8"
IMAGE = PIL.Image.new("RGBA", (3, 2))


class NO_HINT:  # noqa: N801 - a constant, but one whose name is the same in all workers
    """Stands for a function without a return hint."""


class Label(BaseModel):
    name: str
    score: Annotated[float, Field(serialization_alias="p")]


@dataclasses.dataclass
class Mask:
    image: PIL.Image.Image
    area: float


class Foreign: ...


def codec(hint: Any) -> ResultCodec:
    def predict() -> None: ...

    predict.__annotations__ = {} if hint is NO_HINT else {"return": hint}
    return read_codec(predict, model="plants", operation="predict")


def sent(hint: Any, result: Any, accept: str = "") -> Encoded:
    read = codec(hint)
    return read.encode(result, read.choose(accept, {}))


def opened(body: bytes | bytearray | memoryview) -> PIL.Image.Image:
    image = PIL.Image.open(io.BytesIO(bytes(body)))
    image.load()
    return image


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("a,b")
    return path


# ------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    ("hint", "result", "expected"),
    [
        (Label, Label(name="a", score=0.5), {"name": "a", "p": 0.5}),
        (list[Label], [Label(name="a", score=1)], [{"name": "a", "p": 1}]),
        (list[Label], [{"name": "a"}], [{"name": "a"}]),
        (Label, "not a label", "not a label"),
        (dict[str, float], {"y": 3.0}, {"y": 3.0}),
        (None, None, None),
        (int | None, None, None),
        (str, "ü", "ü"),
        (float, np.float32(1.5), 1.5),
        (np.float32, np.float32(1.5), 1.5),
        (np.ndarray, np.eye(2), [[1, 0], [0, 1]]),
        (Annotated[np.ndarray, deepaas.Tensor("float32", (2,))], np.ones(2), [1, 1]),
        (NO_HINT, {"a": np.arange(2)}, {"a": [0, 1]}),
        (Any, {1}, [1]),
    ],
    ids=str,
)
def test_data_is_sent_as_json(hint: Any, result: Any, expected: Any) -> None:
    encoded = sent(hint, result)

    assert "application/json" == encoded.media_type
    assert expected == json.loads(bytes(encoded.body))


@pytest.mark.parametrize("hint", [Label, dict[str, int], int, None])
@pytest.mark.parametrize("accept", ["text/csv", "image/*", "application/json;q=0"])
def test_who_accepts_no_json_is_refused_before_the_model_runs(
    hint: Any, accept: str
) -> None:
    with pytest.raises(NotAcceptableError) as caught:
        codec(hint).choose(accept, {})

    assert ("application/json",) == caught.value.available


def test_text_is_sent_as_text_on_demand() -> None:
    encoded = sent(str, "ü", "text/plain")

    assert "text/plain; charset=utf-8" == encoded.media_type
    assert "ü".encode() == encoded.body
    assert encoded == sent(NO_HINT, "ü", "text/plain")


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(BadOutputError, match="Unicode"):
        sent(str, "\ud800", "text/plain")


# ------------------------------------------------------------ images


@pytest.mark.parametrize(
    "hint",
    [PIL.Image.Image, PIL.Image.Image | None, NO_HINT],
    ids=["image", "optional", "unhinted"],
)
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "image/png"),
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("image/jpeg", "image/jpeg"),
        ("image/tiff", "image/tiff"),
        ("image/bmp", "image/bmp"),
        ("image/gif", "image/gif"),
        ("image/png;q=0.5, image/webp", "image/webp"),
        (BROWSER, "image/webp"),
    ],
)
def test_an_image_is_sent_in_the_format_that_is_asked_for(
    hint: Any, accept: str, expected: str
) -> None:
    encoded = sent(hint, IMAGE, accept)

    assert expected == encoded.media_type
    assert expected == PIL.Image.MIME[opened(encoded.body).format or ""]
    assert (3, 2) == opened(encoded.body).size


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_a_jpeg_can_be_made_of_every_common_mode(mode: str) -> None:
    image = PIL.Image.new(mode, (3, 2))

    assert "image/jpeg" == sent(PIL.Image.Image, image, "image/jpeg").media_type


def test_an_image_that_the_format_cannot_hold_is_refused_with_advice() -> None:
    with pytest.raises(BadOutputError, match="convert"):
        sent(PIL.Image.Image, PIL.Image.new("F", (3, 2)), "image/png")


def test_an_image_is_a_qualified_value_in_json() -> None:
    value = json.loads(bytes(sent(PIL.Image.Image, IMAGE, JSON).body))

    assert "image/png" == value["mediaType"]


def test_a_promised_image_that_is_none_is_null() -> None:
    encoded = sent(PIL.Image.Image | None, None, "image/png")

    assert ("application/json", b"null") == (encoded.media_type, encoded.body)


# ------------------------------------------------------------ bytes and files


@pytest.mark.parametrize("hint", [bytes, NO_HINT], ids=["bytes", "unhinted"])
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", OCTETS),
        (OCTETS, OCTETS),
        (BROWSER, OCTETS),
        ("image/png", "image/png"),
        ("audio/wav; q=0.5", "audio/wav"),
        (JSON, JSON),
    ],
)
def test_bytes_are_what_the_caller_says_if_he_asks_for_one_type(
    hint: Any, accept: str, expected: str
) -> None:
    assert expected == sent(hint, b"\xff", accept).media_type


@pytest.mark.parametrize("content", [b"\xff", bytearray(b"\xff"), memoryview(b"\xff")])
def test_bytes_of_every_kind_are_sent_unchanged(content: Any) -> None:
    assert b"\xff" == sent(bytes, content).body


@pytest.mark.parametrize("hint", [bytes, NO_HINT], ids=["bytes", "unhinted"])
def test_bytes_are_not_relabelled_for_who_names_several_types(hint: Any) -> None:
    with pytest.raises(NotAcceptableError):
        sent(hint, b"\xff", "image/png, image/jpeg")


@pytest.mark.parametrize(
    "hint", [Path, deepaas.File, NO_HINT], ids=["path", "file", "unhinted"]
)
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/csv"),
        ("text/*", "text/csv"),
        (BROWSER, "text/csv"),
        (OCTETS, OCTETS),
    ],
)
def test_a_file_is_sent_from_disk_as_what_its_name_says(
    hint: Any, accept: str, expected: str, table: Path
) -> None:
    encoded = sent(hint, table, accept)

    assert (
        Encoded(media_type=expected, path=str(table), filename="table.csv") == encoded
    )


def test_a_file_has_the_name_and_type_that_the_model_gave_it(table: Path) -> None:
    file = deepaas.File(table, filename="scan.dcm", content_type="application/dicom")

    encoded = sent(deepaas.File, file)

    assert ("application/dicom", "scan.dcm") == (encoded.media_type, encoded.filename)


def test_a_file_of_an_unwanted_type_is_refused(table: Path) -> None:
    with pytest.raises(NotAcceptableError) as caught:
        sent(Path, table, "image/png")

    assert ("text/csv", OCTETS, JSON) == caught.value.available


def test_a_file_that_is_not_there_is_the_models_fault(tmp_path: Path) -> None:
    with pytest.raises(BadOutputError, match=r"nothing\.png"):
        sent(Path, tmp_path / "nothing.png")


def test_a_json_file_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[1]")

    assert str(path) == sent(Path, path, JSON).path


def test_a_file_in_memory_is_sent_whole_and_stays_open() -> None:
    file = io.BytesIO(b"abc")
    file.seek(3)

    assert b"abc" == sent(BinaryIO, file).body
    assert b"abc" == sent(NO_HINT, file).body


def test_an_open_file_is_sent_whole_and_closed(table: Path) -> None:
    file = table.open("rb")
    file.read()

    encoded = sent(NO_HINT, file)

    assert ("text/csv", b"a,b", "table.csv") == (
        encoded.media_type,
        encoded.body,
        encoded.filename,
    )
    assert file.closed


def test_a_temporary_file_is_sent_before_it_goes() -> None:
    file = tempfile.NamedTemporaryFile(suffix=".png")  # noqa: SIM115  the codec closes it
    file.write(b"abc")

    encoded = sent(NO_HINT, file)

    assert ("image/png", b"abc") == (encoded.media_type, encoded.body)


def test_an_open_text_file_is_sent_as_text() -> None:
    encoded = sent(NO_HINT, io.StringIO("ü"))

    assert ("text/plain; charset=utf-8", "ü".encode()) == (
        encoded.media_type,
        encoded.body,
    )


def test_a_closed_file_is_the_models_fault() -> None:
    file = io.BytesIO()
    file.close()

    with pytest.raises(BadOutputError, match="cannot be read"):
        sent(NO_HINT, file)


@pytest.mark.parametrize("hint", [dict[str, Any], dict, NO_HINT, list[Path]], ids=str)
def test_files_within_data_are_qualified_values(hint: Any, table: Path) -> None:
    encoded = sent(hint, {"mask": IMAGE, "raw": b"\xff", "files": [table]})

    value = json.loads(bytes(encoded.body))

    assert "image/png" == value["mask"]["mediaType"]
    assert {"value": "/w==", "mediaType": OCTETS} == value["raw"]
    assert [
        {"value": "YSxi", "mediaType": "text/csv", "filename": "table.csv"}
    ] == value["files"]


def test_an_image_in_a_dataclass_is_a_qualified_value() -> None:
    value = json.loads(bytes(sent(Any, Mask(IMAGE, 0.5)).body))

    assert ("image/png", 0.5) == (value["image"]["mediaType"], value["area"])


# ------------------------------------------------------------ what a hint says


@pytest.mark.parametrize(
    ("hint", "media_types"),
    [
        (Label, (JSON,)),
        (NO_HINT, (JSON,)),
        (str, (JSON, "text/plain")),
        (Optional[str], (JSON, "text/plain")),  # noqa: UP045  authors write it
        (bytes, (OCTETS, JSON)),
        (deepaas.File, (OCTETS, JSON)),
        (dict[str, int] | bytes, (JSON, OCTETS)),
    ],
    ids=str,
)
def test_media_types_are_known_from_the_hint(
    hint: Any, media_types: tuple[str, ...]
) -> None:
    assert media_types == codec(hint).media_types


def test_a_union_of_data_and_file_is_decided_by_the_value(table: Path) -> None:
    hint = dict[str, int] | deepaas.File

    assert "application/json" == sent(hint, {"a": 1}).media_type
    assert "text/csv" == sent(hint, table).media_type
    with pytest.raises(NotAcceptableError):
        sent(hint, {"a": 1}, "text/csv")


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (NO_HINT, None),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (bytes, QUALIFIED_SCHEMA),
        (Path, QUALIFIED_SCHEMA),
        (deepaas.File, QUALIFIED_SCHEMA),
        (PIL.Image.Image, QUALIFIED_SCHEMA),
        (BinaryIO, QUALIFIED_SCHEMA),
        (list[PIL.Image.Image], {"type": "array", "items": QUALIFIED_SCHEMA}),
        (np.ndarray, {"type": "array", "items": {}}),
        (np.int64, {"type": "integer"}),
        (np.float32, {"type": "number"}),
        (
            Annotated[np.ndarray, deepaas.Tensor("float32", (2,))],
            {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 2,
                "maxItems": 2,
                "x-tensor": {"datatype": "FP32", "shape": [2]},
            },
        ),
    ],
    ids=str,
)
def test_the_schema_is_that_of_the_json_answer(hint: Any, schema: Any) -> None:
    assert schema == codec(hint).schema


def test_definitions_stand_apart_from_the_schema() -> None:
    read = codec(list[Label])

    assert {"type": "array", "items": {"$ref": "#/$defs/Label"}} == read.schema
    assert {"name", "p"} == set(read.definitions["Label"]["properties"])


def test_a_batch_is_described_by_one_of_its_results() -> None:
    @deepaas.batched(max_size=2)
    def predict(items: list[Label]) -> list[Label | ValueError]:
        return [*items]

    read = read_codec(predict, model="plants", operation="predict")

    assert isinstance(read, NativeCodec)
    assert read.schema is not None
    assert "Label" == read.schema["title"]


@pytest.mark.parametrize(
    ("hint", "parts"),
    [
        (Foreign, ["-> ", "Foreign", "deepaas.File"]),
        (list[Foreign], ["list[", "Foreign"]),
        ("Nowhere", ["Nowhere", "TYPE_CHECKING"]),
        (Iterator[Foreign], ["Foreign"]),
    ],
)
def test_a_hint_of_which_nothing_can_be_sent_is_named(
    hint: Any, parts: list[str]
) -> None:
    with pytest.raises(SignatureError) as caught:
        codec(hint)

    assert caught.value.reason.startswith("predict()")
    assert all(part in caught.value.reason for part in parts)


class Report(BaseModel):
    """Holds what pydantic knows, what it does not, and words of JSON Schema."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: deepaas.File
    properties: dict[str, int] = {"format": 1}


class Picture(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    image: PIL.Image.Image


def test_a_file_in_a_pydantic_model_is_a_qualified_value(table: Path) -> None:
    report = Report(file=deepaas.File(table))

    value = json.loads(bytes(sent(Report, report).body))

    assert "YSxi" == value["file"]["value"]
    schema = codec(Report).schema
    assert schema is not None
    assert QUALIFIED_SCHEMA == schema["properties"]["file"]
    assert {"format": 1} == schema["properties"]["properties"]["default"]


def test_a_type_without_a_schema_is_written_by_value() -> None:
    picture = Picture(image=IMAGE)

    value = json.loads(bytes(sent(Picture, picture).body))

    assert "image/png" == value["image"]["mediaType"]
    assert codec(Picture).schema is None


def test_a_batch_of_nothing_but_failures_may_return_anything() -> None:
    @deepaas.batched(max_size=2)
    def predict(items: list[Label]) -> list[ValueError]:
        return [ValueError() for _ in items]

    assert read_codec(predict, model="plants", operation="predict").schema is None
