"""The lines of a batch, whatever comes."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import BadOutputError, InvalidInputError, MalformedBodyError
from deepaas.model.arguments import Argument, Upload
from deepaas.model.batch_lines import is_batch, line_content, read_lines
from deepaas.model.execution import in_line, object_inputs
from deepaas.model.files import use_folder
from deepaas.model.results import Encoded

if TYPE_CHECKING:
    from pathlib import Path

batches = st.lists(
    st.one_of(
        st.binary(max_size=50).map(lambda one: one.replace(b"\n", b"")),
        st.sampled_from([b"", b" ", b"\t\r", b"{}", b" " * 40]),
    ),
    max_size=20,
).map(b"\n".join)


@given(batches, st.integers(min_value=1, max_value=60))
def test_lines_that_are_not_blank_come_in_their_order(
    batch: bytes, inline_bytes: int
) -> None:
    file = io.BytesIO(batch)

    lines = list(read_lines(file, inline_bytes=inline_bytes))

    wanted = [one for one in batch.split(b"\n") if one.strip()]
    contents = [line_content(line, file).removesuffix(b"\n") for line in lines]
    assert wanted == contents
    assert list(range(len(wanted))) == [line.index for line in lines]


@given(batches, st.integers(min_value=1, max_value=60))
def test_a_line_knows_where_it_is_and_a_long_one_stays_there(
    batch: bytes, inline_bytes: int
) -> None:
    for line in read_lines(io.BytesIO(batch), inline_bytes=inline_bytes):
        there = batch[line.start : line.start + line.size]
        assert line.content in (there, b"")
        assert bool(line.content) == (line.size <= inline_bytes + 1)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/x-ndjson", True),
        ("Application/X-NDJSON; charset=utf-8", True),
        ("application/json", False),
        ("application/x-ndjson-too", False),
        ("", False),
    ],
)
def test_a_batch_is_known_by_its_media_type(
    content_type: str, *, expected: bool
) -> None:
    assert expected is is_batch(content_type)


# ------------------------------------------------------------ the lines of 2.x

FILE = Argument(
    name="photo",
    keyword="photo",
    schema={"type": "string", "format": "binary"},
    required=True,
    location="form",
    is_file=True,
)
EPOCHS = Argument(
    name="epochs",
    keyword="epochs",
    schema={"type": "integer"},
    required=False,
    location="query",
)


def of_v2(line: Any) -> Any:
    content = line if isinstance(line, bytes) else json.dumps(line).encode()
    return object_inputs(content, arguments=[FILE, EPOCHS], kind="v2")


def test_values_are_put_where_fields_of_2x_look_for_them(tmp_path: Path) -> None:
    photo = {"value": "aGFsbG8=", "mediaType": "image/png"}

    with use_folder(lambda: tmp_path):
        inputs = of_v2({"photo": photo, "epochs": 3, "other": [1]})

    [(name, upload)] = inputs.form
    assert isinstance(upload, Upload)
    assert ("photo", "image/png", 5) == (name, upload.content_type, upload.size_bytes)
    assert ([("epochs", "3")], {"other": [1]}) == (inputs.query, inputs.json)


@pytest.mark.parametrize("line", [[1], "text", None, {"photo": "no file"}])
def test_what_is_no_object_or_no_file_is_refused(line: Any, tmp_path: Path) -> None:
    with use_folder(lambda: tmp_path), pytest.raises(InvalidInputError):
        of_v2(line)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(MalformedBodyError):
        of_v2(b"{")


# ------------------------------------------------------------------ the answers


def test_a_result_is_one_line_however_the_model_has_written_it() -> None:
    pretty = b'{\n  "a": "b\\nc",\r\n  "d": 1\n}'

    line = in_line(Encoded(media_type="application/geo+json", body=pretty))

    assert b"\n" not in bytes(line.body)
    assert {"result": {"a": "b\nc", "d": 1}} == json.loads(bytes(line.body))


def test_what_is_no_json_stands_in_the_line_as_base64() -> None:
    line = in_line(Encoded(media_type="image/png", body=b"\n\0"))

    value = {"value": "CgA=", "mediaType": "image/png"}
    assert {"result": value} == json.loads(bytes(line.body))


def test_a_result_that_only_calls_itself_json_is_refused() -> None:
    with pytest.raises(BadOutputError):
        in_line(Encoded(media_type="application/json", body=b"{"))
