from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import PIL.Image
import pytest
from pydantic import BaseModel, TypeAdapter
from tests.support.signatures import (
    argument,
    errors_of,
    from_json,
    from_query,
    of,
    signature,
    uploaded,
)

import deepaas
from deepaas.model.arguments import Inputs, Upload
from deepaas.model.files import File, use_folder


class Box(BaseModel):
    x: int
    tags: list[str] = []


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    path = tmp_path / "upload.png"
    PIL.Image.new("RGB", (3, 2)).save(path)
    return path


def test_each_hint_for_a_file_gets_it_in_its_own_way(image_file: Path) -> None:
    def predict(
        file: deepaas.File,
        path: Path,
        content: bytes,
        image: PIL.Image.Image,
        several: list[Path],
    ) -> None: ...

    names = ["file", "path", "content", "image", "several", "several"]
    bound = signature(predict).bind(
        Inputs(form=[(name, uploaded(image_file)) for name in names])
    )

    assert ("photo.png", image_file) == (bound["file"].filename, bound["file"].path)
    assert image_file == bound["path"]
    assert image_file.read_bytes() == bound["content"]
    assert (3, 2) == bound["image"].size
    assert [image_file, image_file] == bound["several"]


@pytest.mark.parametrize("hint", [deepaas.File, Path, bytes, PIL.Image.Image])
def test_a_file_is_described_as_one(hint: Any) -> None:
    file = {"type": "string", "format": "binary"}

    assert argument(hint).is_file
    assert file == argument(hint).schema
    assert {"type": "array", "items": file} == argument(list[hint]).schema
    assert argument(list[hint]).is_list
    assert argument(hint | None, None).is_nullable
    assert argument(hint, None).is_nullable


def test_a_file_may_come_as_a_qualified_value(tmp_path: Path) -> None:
    def predict(
        file: deepaas.File, path: Path, content: bytes, several: list[File]
    ) -> None: ...

    value = {"value": "YWJj", "mediaType": "text/csv", "filename": "../a.tar.gz"}
    body = {"file": value, "path": value, "content": value, "several": [value]}

    with use_folder(lambda: tmp_path):
        bound = signature(predict).bind(Inputs(raw_json=json.dumps(body).encode()))

    assert b"abc" == bound["content"] == bound["file"].read_bytes()
    assert "abc" == bound["several"][0].read_text()
    assert "text/csv" == bound["file"].content_type
    assert tmp_path == bound["path"].parent
    assert bound["path"].name.endswith(".tar.gz")


def test_an_image_in_json_needs_no_folder(image_file: Path) -> None:
    with use_folder(lambda: pytest.fail("no folder is needed")):
        text = base64.b64encode(image_file.read_bytes()).decode()

        assert (3, 2) == from_json(PIL.Image.Image, {"value": text}).size


@pytest.mark.parametrize("hint", [deepaas.File, Path, bytes, PIL.Image.Image])
@pytest.mark.parametrize("value", ["/etc/passwd", 3, {"value": 3}, {}])
def test_what_is_no_file_is_refused_where_one_belongs(hint: Any, value: Any) -> None:
    found = errors_of(lambda: from_json(hint, value))

    assert "A file belongs here" in found["/x"]


def test_text_is_refused_where_a_file_belongs() -> None:
    found = errors_of(lambda: from_query(Path, "/etc/passwd"))

    assert "A file belongs here" in found["/x"]


def test_a_qualified_value_has_to_be_base64() -> None:
    found = errors_of(lambda: from_json(bytes, {"value": "§"}))

    assert "base64" in found["/x"]


@pytest.mark.parametrize("hint", [int, str, Any, Box, list[int]])
def test_a_file_is_refused_where_none_belongs(hint: Any, image_file: Path) -> None:
    inputs = Inputs(form=[("x", uploaded(image_file))])

    found = errors_of(lambda: of(hint).bind(inputs))

    assert {"/x": "This argument takes no file."} == found


def test_two_files_are_refused_where_one_belongs(image_file: Path) -> None:
    inputs = Inputs(form=[("x", uploaded(image_file))] * 2)

    found = errors_of(lambda: of(Path).bind(inputs))

    assert {"/x": "One value belongs here, not 2."} == found


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("no image")

    found = errors_of(
        lambda: of(PIL.Image.Image).bind(Inputs(form=[("x", uploaded(path))]))
    )

    assert "no image" in found["/x"]


def test_a_broken_image_is_refused(image_file: Path) -> None:
    PIL.Image.effect_noise((64, 64), 90).save(image_file)
    image_file.write_bytes(image_file.read_bytes()[:500])

    found = errors_of(
        lambda: of(PIL.Image.Image).bind(Inputs(form=[("x", uploaded(image_file))]))
    )

    assert "image" in found["/x"]


@pytest.mark.parametrize("nothing", ["", Upload(path="/nowhere", filename="")])
def test_a_file_that_nobody_chose_is_not_there(nothing: str | Upload) -> None:
    inputs = Inputs(form=[("x", nothing)])

    assert {"x": None} == of(Path, None).bind(inputs)
    assert {"x": None} == of(Path | None).bind(inputs)
    assert errors_of(lambda: of(Path).bind(inputs))


def test_a_file_within_a_pydantic_model_comes_as_a_qualified_value(
    tmp_path: Path,
) -> None:
    class Sample(BaseModel):
        scan: deepaas.File

        model_config = {"arbitrary_types_allowed": True}

    with use_folder(lambda: tmp_path):
        sample = from_json(Sample, {"scan": {"value": "YWJj"}})

    assert "abc" == sample.scan.read_text()


# ------------------------------------------------------------ arrays


def test_nested_lists_become_an_array() -> None:
    hint = Annotated[np.ndarray, deepaas.Tensor("float32", (None, 2))]

    array = from_json(hint, [[1, 2.5]])

    assert [[1.0, 2.5]] == array.tolist()
    assert np.float32 == array.dtype
    assert [[1.0, 2.0]] == from_query(hint, "[[1, 2]]").tolist()


def test_an_array_may_be_optional() -> None:
    hint = Annotated[np.ndarray, deepaas.Tensor("float32")]

    assert argument(hint, None).is_nullable
    assert {"x": None} == of(hint, None).bind(Inputs(raw_json=b'{"x": null}'))


def test_one_file_is_a_list_of_one(image_file: Path) -> None:
    inputs = Inputs(form=[("x", uploaded(image_file))])

    assert {"x": [image_file]} == of(list[Path]).bind(inputs)


def test_the_default_of_bytes_is_not_shown_as_text() -> None:
    only = argument(bytes, b"abc")

    assert {"type": "string", "format": "binary"} == only.schema
    assert not only.required


def test_a_model_may_make_files_itself(image_file: Path) -> None:
    file = File(image_file)

    assert file is TypeAdapter(deepaas.File).validate_python(file)
