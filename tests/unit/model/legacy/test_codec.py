"""Answers of 2.x models: wrapped JSON, validated JSON, and content of any type."""

from __future__ import annotations

import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import marshmallow
import numpy as np
import pytest
from webargs import fields, validate

from deepaas.errors import BadOutputError, SignatureError
from deepaas.model.legacy import LegacyCodec, read_codec, read_signature
from deepaas.model.v2.wrapper import ReturnedFile, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.model.results import Encoded

JSON = "application/json"
PNG = b"\x89PNG\r\n\x1a\n and so on"


def codec_for(schema: Any = None, *, choices: list[str] | None = None) -> LegacyCodec:
    declared = (
        {"accept": fields.Str(validate=validate.OneOf(choices))} if choices else {}
    )
    signature = read_signature(declared, model="m", operation="predict")
    return read_codec(signature, schema=schema, model="m", operation="predict")


def answer(result: Any, schema: Any = None) -> Any:
    encoded = codec_for(schema).encode(result, JSON)
    assert "application/json; charset=utf-8" == encoded.media_type
    return json.loads(bytes(encoded.body))


def content_of(encoded: Encoded) -> bytes:
    return Path(encoded.path).read_bytes() if encoded.path else bytes(encoded.body)


class LabelsSchema(marshmallow.Schema):
    labels = fields.List(fields.Str(), required=True)
    scores = fields.List(fields.Float())


# --------------------------------------------------------------------------- JSON


@pytest.mark.parametrize("result", [None, 3, "text", [1], {"a": {"b": None}}])
def test_a_result_is_wrapped(result: Any) -> None:
    assert {"status": "OK", "predictions": result} == answer(result)


def test_an_open_text_is_a_text() -> None:
    assert {"status": "OK", "predictions": "ñ"} == answer(io.StringIO("ñ"))


@pytest.mark.parametrize(
    "schema", [LabelsSchema, LabelsSchema()], ids=["class", "instance"]
)
def test_with_a_schema_the_models_own_values_are_the_answer(schema: Any) -> None:
    result = {"labels": ["cat"], "scores": ["0.5", np.float32(0.25)]}

    assert {"labels": ["cat"], "scores": ["0.5", 0.25]} == answer(result, schema)


def test_a_schema_may_be_a_dict() -> None:
    schema = {"status": fields.Str(), "predictions": fields.Field()}

    assert {"status": "error"} == answer({"status": "error"}, schema)


@pytest.mark.parametrize(
    "result", [{}, {"labels": [1]}, {"labels": [], "surprise": 1}, "text", None]
)
def test_a_violated_schema_is_told_in_the_words_of_2_x(result: Any) -> None:
    with pytest.raises(BadOutputError) as caught:
        codec_for(LabelsSchema).encode(result, JSON)

    expected = "ERROR validating model response, check server logs."
    assert expected == caught.value.detail


def test_a_result_without_a_form_in_json_is_named_with_its_place() -> None:
    with pytest.raises(BadOutputError, match="The result at /predictions/a is"):
        codec_for().encode({"a": object()}, JSON)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\0\1\2", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_bytes_are_sent_as_what_they_are_where_json_was_expected(
    content: bytes, media_type: str
) -> None:
    for result in (content, bytearray(content), io.BytesIO(content)):
        encoded = codec_for().encode(result, JSON)

        assert media_type == encoded.media_type
        assert content == content_of(encoded)


def test_a_name_tells_what_the_content_does_not() -> None:
    result = io.BytesIO(b"a,b")
    result.name = "table.csv"  # as models set it

    encoded = codec_for().encode(result, JSON)

    assert ("text/csv", "table.csv") == (encoded.media_type, encoded.filename)


# ---------------------------------------------------------------- other media types


def unwound() -> io.BytesIO:
    result = io.BytesIO()
    result.write(PNG)
    return result


def stored(folder: Path) -> str:
    path = folder / "picture.png"
    path.write_bytes(PNG)
    return str(path)


def open_file(folder: Path) -> Any:
    return Path(stored(folder)).open("rb")


def closed_file(folder: Path) -> Any:
    with open_file(folder) as file:
        return file


def written_file(folder: Path) -> Any:
    file = (folder / "picture.png").open("w+b")
    file.write(PNG)
    return file


def file_in_a_folder_that_is_gone(folder: Path) -> Any:
    file = open_file(folder)
    (folder / "picture.png").unlink()
    return file


def file_that_was_replaced(folder: Path) -> Any:
    file = open_file(folder)
    (folder / "picture.png").unlink()
    (folder / "picture.png").write_bytes(b"another")
    return file


def temporary_file(folder: Path) -> Any:
    file = tempfile.NamedTemporaryFile(dir=folder, suffix="picture.png")  # noqa: SIM115 - models do it
    file.write(PNG)
    return file


def returned(folder: Path) -> ReturnedFile:
    return ReturnedFile(filename=stored(folder))


FILES: list[Callable[[Path], Any]] = [
    open_file,
    closed_file,
    written_file,
    file_in_a_folder_that_is_gone,
    file_that_was_replaced,
    temporary_file,
    returned,
    lambda folder: UploadedFile(filename=stored(folder)),
    lambda folder: ReturnedFile("x", stored(folder), None, "a/picture.png"),
]


@pytest.mark.parametrize("make", FILES, ids=range(len(FILES)))
def test_a_file_is_sent_whole_with_its_name(
    make: Callable[[Path], Any], tmp_path: Path
) -> None:
    encoded = codec_for().encode(make(tmp_path), "image/png")

    assert "image/png" == encoded.media_type
    assert PNG == content_of(encoded)
    assert encoded.filename.endswith("picture.png")
    assert "/" not in encoded.filename


def test_of_a_plain_file_only_the_path_is_passed_on(tmp_path: Path) -> None:
    file = open_file(tmp_path)
    encoded = codec_for().encode(file, "image/png")

    assert (str(tmp_path / "picture.png"), b"") == (encoded.path, encoded.body)
    assert file.closed


def test_a_file_with_a_number_for_a_name_is_read(tmp_path: Path) -> None:
    with open_file(tmp_path) as file, os.fdopen(os.dup(file.fileno()), "rb") as same:
        encoded = codec_for().encode(same, "image/png")

    assert (PNG, "") == (encoded.body, encoded.filename)


def test_an_open_text_file_is_sent_as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("ñ", encoding="latin-1")
    with path.open(encoding="latin-1") as file:
        encoded = codec_for().encode(file, "text/csv")

    assert ("ñ".encode(), "table.csv") == (encoded.body, encoded.filename)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("/etc/hostname", b"/etc/hostname"),
        (io.StringIO("ñ"), "ñ".encode()),
        (unwound(), PNG),
        (memoryview(b"abc"), b"abc"),
        (None, b""),
    ],
    ids=["text", "text buffer", "unwound buffer", "view", "none"],
)
def test_a_result_is_the_body(result: Any, expected: bytes) -> None:
    encoded = codec_for().encode(result, "text/csv")

    assert ("text/csv", expected) == (encoded.media_type, bytes(encoded.body))
    assert "" == encoded.filename


@pytest.mark.parametrize("result", [{"a": 1}, [1], 3, object()])
def test_what_is_no_content_is_an_error(result: Any) -> None:
    with pytest.raises(BadOutputError, match=f"{type(result).__name__} for image/png"):
        codec_for().encode(result, "image/png")


def test_a_relative_of_json_is_json_without_a_wrapper() -> None:
    encoded = codec_for().encode({"type": "Feature"}, "application/geo+json")

    assert b'{"type":"Feature"}' == encoded.body


def test_a_text_that_is_no_unicode_is_an_error() -> None:
    with pytest.raises(BadOutputError, match="not valid Unicode"):
        codec_for().encode("\ud800", "text/csv")


def test_choices_that_are_no_media_types_mean_json() -> None:
    codec = codec_for(choices=["json", "short"])

    assert ("application/json",) == codec.media_types
    assert JSON == codec.choose("", {"accept": "short"})


def test_a_wildcard_is_answered_with_what_the_content_is() -> None:
    assert "image/png" == codec_for().encode(PNG, "image/*").media_type


def test_a_model_may_say_what_its_file_is(tmp_path: Path) -> None:
    file = ReturnedFile(None, stored(tmp_path), "image/apng")

    encoded = codec_for().encode(file, JSON)

    assert "image/apng" == encoded.media_type


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadOutputError, match=r"/nowhere\.png"):
        codec_for().encode(ReturnedFile(filename="/nowhere.png"), "image/png")


def test_a_closed_buffer_is_an_error() -> None:
    result = io.BytesIO(PNG)
    result.close()

    with pytest.raises(BadOutputError, match="BytesIO that the model returned cannot"):
        codec_for().encode(result, "image/png")


# ------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"accept": "image/png"}, "image/png"),
        ({"accept": "image/*"}, "image/*"),
        ({"accept": "text/csv; header=present"}, "text/csv; header=present"),
        ({"accept": "*/*"}, JSON),
        ({"accept": "text/csv\r\nX-Evil: 1"}, JSON),
        ({"accept": "nonsense"}, JSON),
        ({"accept": None}, JSON),
        ({}, JSON),
    ],
)
def test_the_argument_is_the_media_type(
    arguments: dict[str, Any], expected: str
) -> None:
    assert expected == codec_for().choose("text/html", arguments)


# ------------------------------------------------------------------------ describing


def test_an_answer_without_schema_is_described_with_its_wrapper() -> None:
    codec = codec_for()

    assert codec.schema is not None
    assert ["status", "predictions"] == codec.schema["required"]
    assert codec.schema_name is None


def test_a_dict_is_called_as_published_clients_expect() -> None:
    codec = codec_for({"labels": fields.List(fields.Str(), description="Best first")})

    assert "ModelPredictionResponse" == codec.schema_name
    assert codec.schema is not None
    assert {
        "labels": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Best first",
        }
    } == codec.schema["properties"]


def test_a_class_keeps_its_name_without_schema() -> None:
    codec = codec_for(LabelsSchema)

    assert "Labels" == codec.schema_name
    assert codec.schema is not None
    assert ["labels"] == codec.schema["required"]


def test_a_model_that_never_answers_json_has_no_schema_of_it() -> None:
    codec = codec_for(choices=["image/png"])

    assert codec.schema is None
    assert ("image/png",) == codec.media_types


@pytest.mark.parametrize("schema", ["text", 3, int, {"a": fields.Int}])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(SignatureError, match="schema of predict"):
        codec_for(schema)
