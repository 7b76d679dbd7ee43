"""The example of a published package, and the platform's page in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.compat.workshop import DOGS, EXAMPLES
from tests.support import gradio
from tests.support.problems import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compat.workshop import Workshop

SAMOYED = EXAMPLES / "dogs" / "samples" / "samoyed.jpg"
PREDICT = "/v2/models/dogs/predict/"


@pytest.fixture(scope="module")
def dogs(workshop: Workshop) -> Iterator[httpx2.Client]:
    server = workshop.start(models=DOGS)
    try:
        server.wait_until_ready()
        with httpx2.Client(base_url=server.url, timeout=30) as client:
            yield client
        assert 0 == server.stop()
    finally:
        server.kill()


@pytest.fixture(scope="module")
def page(dogs: httpx2.Client) -> gradio.Page:
    return gradio.read_page(dogs.get("/swagger.json").json())


def image() -> dict[str, Any]:
    return {"image": (SAMOYED.name, SAMOYED.read_bytes(), "image/jpeg")}


def test_a_dog_has_a_breed(dogs: httpx2.Client) -> None:
    answer = dogs.post(PREDICT, files=image(), headers={"accept": "application/json"})

    assert 200 == answer.status_code
    assert "OK" == answer.json()["status"]
    assert "Samoyed" == answer.json()["labels"][0]
    assert 3 == len(answer.json()["probabilities"])


@pytest.mark.differs_from_26("`*/*` reaches the model as it is (defect 18)")
def test_a_client_that_accepts_anything_gets_json(dogs: httpx2.Client) -> None:
    answer = dogs.post(PREDICT, files=image(), params={"top": 1})

    assert ["Samoyed"] == answer.json()["labels"]


def test_the_picture_can_be_had_with_its_breed(dogs: httpx2.Client) -> None:
    answer = dogs.post(PREDICT, files=image(), headers={"accept": "image/png"})

    assert "image/png" == answer.headers["content-type"]
    assert answer.content.startswith(b"\x89PNG")


def test_bad_arguments_are_told_as_by_26(dogs: httpx2.Client) -> None:
    answer = dogs.post(
        PREDICT, params={"top": 9}, headers={"accept": "application/json"}
    )

    expected = {
        "image": ["Missing data for required field."],
        "top": ["Must be greater than or equal to 1 and less than or equal to 6."],
    }
    assert 422 == answer.status_code
    assert expected == answer.json()


@pytest.mark.differs_from_26("the reason of HTTPBadRequest is lost")
def test_the_models_own_error_reaches_the_caller(dogs: httpx2.Client) -> None:
    answer = dogs.post(PREDICT, files={"image": ("a.jpg", b"no image")})

    document = problem(answer, status=400)
    assert "cannot identify image file" in document["message"]


def test_the_metadata_are_the_models(dogs: httpx2.Client) -> None:
    about = dogs.get("/v2/models/dogs/").json()

    assert "dogs" == about["id"]
    assert "dogs-breeds" == about["name"]
    assert "Grace <grace@example.org>" == about["author-email"]


# ---------------------------------------------------------- the platform's page


def test_the_page_finds_the_model(page: gradio.Page) -> None:
    assert PREDICT == page.path
    assert "dogs" == page.model
    assert ("application/json", "image/png") == page.media_types


def test_the_page_shows_a_widget_for_each_argument(page: gradio.Page) -> None:
    shown = {widget.name: widget.kind for widget in page.widgets}

    assert {"image": "file", "top": "slider", "accept": "choice"} == shown
    [photo, top, accept] = page.widgets
    assert "An image of a dog that fills the picture" == photo.help
    assert (3, (1, 6)) == (top.default, top.limits)
    assert {"application/json", "image/png"} <= set(accept.choices)


def test_the_page_shows_the_answer_by_the_schema(page: gradio.Page) -> None:
    types = {name: one.get("type") for name, one in page.outputs.items()}

    assert {"status": "string", "labels": "array", "probabilities": "array"} == types
    assert "Breeds, the most probable first" == page.outputs["labels"]["description"]


def test_the_page_can_call_the_model(dogs: httpx2.Client, page: gradio.Page) -> None:
    entered = {"image": image()["image"], "top": 2, "accept": "application/json"}

    answer = gradio.call(dogs, page, entered)

    assert 200 == answer.status_code
    assert 2 == len(answer.json()["labels"])


def test_the_page_can_ask_for_the_picture(
    dogs: httpx2.Client, page: gradio.Page
) -> None:
    entered = {"image": image()["image"], "top": None, "accept": "image/png"}

    answer = gradio.call(dogs, page, entered)

    assert "image/png" == answer.headers["content-type"]
