"""The media type of an answer: the `accept` argument and the Accept header.

2.6.0 compares the header as one exact text, and only when the argument says
`location="headers"`. The evident intent is negotiation, and that is what we do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2
    from tests.compat.workshop import Predict

PNG = b"\x89PNG\r\n\x1a\n"
BROWSER = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8"
)
EXACT = "it compares the header as one exact text (defects 18 to 20)"


def media_type(answer: httpx2.Response) -> str:
    assert 200 == answer.status_code, answer.text
    return answer.headers["content-type"].partition(";")[0]


@pytest.mark.parametrize(
    "request_parts",
    [
        {"params": {"accept": "image/png"}},
        {"data": {"accept": "image/png"}},
        {"json": {"accept": "image/png"}},
        {"params": {"accept": "image/png"}, "headers": {"accept": "image/png"}},
        {"params": {"accept": "image/png"}, "headers": {"accept": "*/*"}},
    ],
)
def test_accept_is_an_ordinary_argument(
    predict: Predict, request_parts: dict[str, Any]
) -> None:
    answer = predict("accept_query", **request_parts)

    assert "image/png" == answer.headers["content-type"]
    assert answer.content.startswith(PNG)


@pytest.mark.parametrize("model", ["accept_query", "accept_header"])
def test_the_first_choice_is_the_default(predict: Predict, model: str) -> None:
    answer = predict(model, headers={"accept": "application/json"})

    assert "application/json" == media_type(answer)


def test_a_choice_that_is_none_is_refused(predict: Predict) -> None:
    answer = predict("accept_query", params={"accept": "text/csv"})

    assert 422 == answer.status_code
    expected = ["Must be one of: application/json, image/png, application/pdf."]
    assert {"accept": expected} == answer.json()


@pytest.mark.parametrize(
    ("accept", "start"),
    [
        ("application/json", b'{"status":'),
        ("image/png", PNG),
        ("text/csv", b"a,b\n"),
        ("application/zip", b"PK"),
    ],
)
def test_the_header_chooses(predict: Predict, accept: str, start: bytes) -> None:
    answer = predict("accept_header", headers={"accept": accept})

    assert accept == media_type(answer)
    assert answer.content.startswith(start)


def test_a_header_without_a_match_is_refused(predict: Predict) -> None:
    answer = predict("accept_header", headers={"accept": "application/pdf"})

    assert 422 == answer.status_code
    assert ["accept"] == list(answer.json())


@pytest.mark.differs_from_26(EXACT)
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        (BROWSER, "application/json"),
        ("image/png;q=0.9", "image/png"),
        ("image/png, */*", "image/png"),
        ("image/*", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("text/csv;q=0.2, image/png;q=0.8", "image/png"),
        ("application/pdf, text/csv;q=0.5", "text/csv"),
    ],
)
def test_the_header_is_negotiated(predict: Predict, accept: str, expected: str) -> None:
    answer = predict("accept_header", headers={"accept": accept})

    assert expected == media_type(answer)


@pytest.mark.parametrize("accept", ["*/*", "application/json", BROWSER])
def test_without_a_location_any_common_client_gets_json(
    predict: Predict, accept: str
) -> None:
    answer = predict("accept_query", headers={"accept": accept})

    assert {"accepted": "application/json", "status": "OK"} == answer.json()


@pytest.mark.differs_from_26("it ignores the header without a location (defect 20)")
def test_without_a_location_the_header_chooses_too(predict: Predict) -> None:
    answer = predict("accept_query", headers={"accept": "image/png"})

    assert "image/png" == media_type(answer)


@pytest.mark.differs_from_26("it takes the first choice as default (defect 21)")
def test_the_models_own_default_counts(predict: Predict) -> None:
    answer = predict("accept_images", headers={"accept": "*/*"})

    assert {"accepted": "application/json"} == answer.json()["predictions"]


def test_a_choice_with_a_wildcard_is_an_image(predict: Predict) -> None:
    answer = predict("accept_images", headers={"accept": "image/*"})

    assert media_type(answer).startswith("image/")
    assert answer.content.startswith(PNG)


@pytest.mark.differs_from_26(EXACT)
def test_a_choice_with_a_wildcard_answers_with_the_type_asked_for(
    predict: Predict,
) -> None:
    answer = predict("accept_images", headers={"accept": "image/png"})

    assert "image/png" == media_type(answer)
    assert answer.content.startswith(PNG)


@pytest.mark.differs_from_26("it cannot serve choices that are a tuple (defect 22)")
def test_choices_may_be_a_tuple_in_a_list_of_validators(predict: Predict) -> None:
    by_default = predict("accept_loose")
    by_query = predict("accept_loose", params={"accept": "image/png"})

    assert {"accepted": "application/json"} == by_default.json()["predictions"]
    assert by_query.content.startswith(PNG)


@pytest.mark.parametrize("accept", ["image/png", "text/html", "*/*"])
def test_a_model_without_accept_ignores_the_header(
    predict: Predict, accept: str
) -> None:
    answer = predict("noargs", headers={"accept": accept})

    assert {"status": "OK", "predictions": {"kwargs": {}}} == answer.json()


# ------------------------------------------------- what the body is made from


def picture(predict: Predict, how: str) -> httpx2.Response:
    return predict("accept_query", params={"accept": "image/png", "how": how})


@pytest.mark.parametrize("how", ["bytes", "buffer", "file", "returned"])
def test_a_picture_is_the_body(predict: Predict, how: str) -> None:
    answer = picture(predict, how)

    assert "image/png" == answer.headers["content-type"]
    assert answer.content.startswith(PNG)
    assert answer.content.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("how", ["file", "returned"])
def test_a_file_suggests_its_name(predict: Predict, how: str) -> None:
    disposition = picture(predict, how).headers["content-disposition"]

    assert 'attachment; filename="picture.png"' == disposition


@pytest.mark.differs_from_26("it sends a buffer from where it stands: nothing")
def test_a_buffer_is_sent_from_its_start(predict: Predict) -> None:
    assert picture(predict, "unwound").content.startswith(PNG)


def test_a_text_is_itself_and_never_a_path(predict: Predict) -> None:
    assert "as it is: /etc/hostname" == picture(predict, "text").text


def test_a_dict_is_no_picture(predict: Predict) -> None:
    assert 500 == picture(predict, "dict").status_code
