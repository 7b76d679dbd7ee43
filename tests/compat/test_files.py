"""Files of a request: how they reach the model, and that they go away again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2
    from tests.compat.workshop import Predict

KEPT = "2.6.0 leaves the file behind, without its extension"


def got(answer: httpx2.Response, name: str = "data") -> Any:
    """Return what the model saw in one argument."""
    assert 200 == answer.status_code, answer.text
    return answer.json()["predictions"][name]


def test_a_file_reaches_the_model_as_an_uploaded_file(predict: Predict) -> None:
    answer = predict("files", files={"data": ("hello.txt", b"hi\x00", "text/plain")})

    upload = got(answer)
    names = ["name", "filename", "content_type", "original_filename"]
    assert names == upload["fields"]
    assert "data" == upload["name"]
    assert "text/plain" == upload["content_type"]
    assert "hello.txt" == upload["original_filename"]
    assert "hi\x00" == upload["text"]
    assert 3 == upload["size"]


def test_a_file_is_private(predict: Predict) -> None:
    assert "0o600" == got(predict("files", files={"data": ("a", b"hi")}))["mode"]


def test_a_field_of_another_class_can_be_a_file(predict: Predict) -> None:
    answer = predict("files", files={"img-content": ("x.PNG", b"hi", "image/png")})

    assert "img-content" == got(answer, "image")["name"]
    assert "x.PNG" == got(answer, "image")["original_filename"]


@pytest.mark.parametrize(
    "name", ["ñandú.jpeg", "a b.tar.gz", "../../etc/passwd", "日本.png", 'quo"te.txt']
)
def test_the_clients_name_is_passed_on(predict: Predict, name: str) -> None:
    upload = got(predict("files", files={"data": (name, b"hi")}))

    assert name == upload["original_filename"].replace("%22", '"')
    assert ".." not in upload["path"]


@pytest.mark.differs_from_26(KEPT)
@pytest.mark.parametrize(
    ("name", "ending"),
    [("photo.jpeg", ".jpeg"), ("x.PNG", ".PNG"), ("a.tar.gz", ".gz"), ("none", "")],
)
def test_a_file_keeps_its_extension(predict: Predict, name: str, ending: str) -> None:
    assert ending == got(predict("files", files={"data": (name, b"hi")}))["suffix"]


@pytest.mark.differs_from_26(KEPT)
def test_a_file_is_removed_after_the_answer(predict: Predict) -> None:
    upload = got(predict("files", files={"data": ("photo.jpeg", b"hi")}))

    assert not Path(upload["path"]).exists()


@pytest.mark.differs_from_26(KEPT)
def test_a_file_is_removed_after_a_failure(predict: Predict) -> None:
    answer = predict("files", files={"data": ("a.txt", b"hi")}, data={"fail": "yes"})

    assert 500 == answer.status_code
    path = Path(answer.json()["message"])
    assert ".txt" == path.suffix
    assert not path.exists()


def test_a_file_of_several_megabytes_arrives_whole(predict: Predict) -> None:
    content = bytes(range(256)) * 12_000

    upload = got(predict("files", files={"data": ("big.bin", content)}))

    assert len(content) == upload["size"]


def test_an_empty_file_is_a_file(predict: Predict) -> None:
    upload = got(predict("files", files={"data": ("e.txt", b"", "text/plain")}))

    assert 0 == upload["size"]


def test_other_arguments_come_in_the_query_or_in_the_form(predict: Predict) -> None:
    files = {"data": ("a.txt", b"hi")}

    by_query = predict("files", files=files, params={"comment": "q"})
    by_form = predict("files", files=files, data={"comment": "f"})

    assert "q" == got(by_query, "comment")
    assert "f" == got(by_form, "comment")
    assert 2 == got(by_form)["size"]


def multipart(*parts: str) -> dict[str, Any]:
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    return {
        "content": body.encode(),
        "headers": {"content-type": "multipart/form-data; boundary=x"},
    }


def test_a_part_without_a_type_is_octets(predict: Predict) -> None:
    part = 'Content-Disposition: form-data; name="data"; filename="n.bin"\r\n\r\nabc'

    upload = got(predict("files", **multipart(part)))

    assert "application/octet-stream" == upload["content_type"]
    assert "abc" == upload["text"]


def test_a_part_without_a_filename_is_text(predict: Predict) -> None:
    assert "hi" == got(predict("files", files={"data": (None, b"hi")}))


def test_an_urlencoded_value_is_text(predict: Predict) -> None:
    assert "hi" == got(predict("files", data={"data": "hi"}))


@pytest.mark.parametrize(
    "request_parts", [{"params": {"data": "q"}}, {"json": {"data": "j"}}]
)
def test_a_file_is_looked_for_in_the_form_only(
    predict: Predict, request_parts: dict[str, Any]
) -> None:
    assert "data" not in predict("files", **request_parts).json()["predictions"]


def test_the_first_of_two_files_counts(predict: Predict) -> None:
    files = [("data", ("1.txt", b"one")), ("data", ("2.txt", b"two"))]

    assert "1.txt" == got(predict("files", files=files))["original_filename"]


def test_a_file_where_text_belongs_is_refused(predict: Predict) -> None:
    answer = predict("files", files={"comment": ("x.txt", b"1", "text/plain")})

    assert 422 == answer.status_code
    assert {"comment": ["Not a valid string."]} == answer.json()


@pytest.mark.differs_from_26("several files are a 500 there (defect 17)")
def test_a_list_takes_several_files(predict: Predict) -> None:
    files = [("several", ("1.txt", b"one")), ("several", ("2.txt", b"two"))]

    uploads = got(predict("files", files=files), "several")

    names = [upload["original_filename"] for upload in uploads]
    assert ["1.txt", "2.txt"] == names
    assert ["one", "two"] == [upload["text"] for upload in uploads]


@pytest.mark.differs_from_26("several files are a 500 there (defect 17)")
def test_a_list_takes_one_file(predict: Predict) -> None:
    [upload] = got(predict("files", files={"several": ("1.txt", b"one")}), "several")

    assert "one" == upload["text"]


@pytest.mark.differs_from_26("a broken multipart body is a 500 there")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"abc"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\n',
        ),
    ],
)
def test_a_broken_multipart_body_is_a_bad_request(
    predict: Predict, content_type: str, body: bytes
) -> None:
    answer = predict("files", content=body, headers={"content-type": content_type})

    assert 400 == answer.status_code
