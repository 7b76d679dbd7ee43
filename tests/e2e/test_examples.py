"""Each example is started as its README says, and answers over HTTP."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from PIL import Image
from tests.support.distributions import python_path
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = Path(sys.executable).parent
INSTALL = ["install", "--quiet", "--no-deps", "--no-build-isolation"]
MODELS: list[str | Path] = [
    EXAMPLES / "iris/iris.py",
    EXAMPLES / "invert/invert.py",
    EXAMPLES / "stream/lynx.py",
    "digits",
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the examples that are packages are installed."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run(
        [PROGRAMS / "pip", *INSTALL, "--target", folder, EXAMPLES / "digits"],
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def client(
    packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """A client of one server that serves all native examples."""
    port = free_port()
    data: list[str | Path] = ["--data-dir", tmp_path_factory.mktemp("data")]
    server = ServerProcess(
        [PROGRAMS / "deepaas", "serve", *MODELS, *data, "--listen-port", str(port)],
        port=port,
        folder=tmp_path_factory.mktemp("server"),
        environment={"PYTHONPATH": python_path(packages)},
    )
    server.wait_until_ready("/readyz")
    with httpx2.Client(base_url=f"{server.url}/v2/models", timeout=30) as client:
        yield client
    assert 0 == server.stop(), server.output


def sample(digit: int) -> bytes:
    return (EXAMPLES / f"digits/samples/{digit}.png").read_bytes()


def test_iris_names_a_flower(client: httpx2.Client) -> None:
    petal = {"petal_length": 4.7, "petal_width": 1.4}

    answer = client.post("/iris/predict/", json=petal)

    assert (200, "versicolor") == (answer.status_code, answer.json())


@pytest.mark.parametrize("digit", range(10))
def test_digits_knows_what_it_never_saw(client: httpx2.Client, digit: int) -> None:
    answer = client.post("/digits/predict/", files={"photo": sample(digit)})

    best = answer.json()[0]
    assert digit == best["digit"]
    assert 0.5 < best["probability"] <= 1


def test_digits_answers_as_many_labels_as_are_asked_for(client: httpx2.Client) -> None:
    answer = client.post(
        "/digits/predict/", files={"photo": sample(7)}, data={"top_k": "10"}
    )

    assert set(range(10)) == {label["digit"] for label in answer.json()}


def test_digits_refuses_what_is_no_picture(client: httpx2.Client) -> None:
    answer = client.post("/digits/predict/", files={"photo": b"not a picture"})

    assert 422 == answer.status_code
    assert "#/photo" == answer.json()["errors"][0]["pointer"]


def test_digits_is_trained_and_answers_by_what_it_has_learnt(
    client: httpx2.Client,
) -> None:
    job_id = client.post("/digits/train/", json={"epochs": 30}).json()["uuid"]
    monitor = client.base_url.join(f"/jobs/{job_id}")
    job = client.get(monitor).json()
    while job["status"] in ("accepted", "running"):
        job = client.get(monitor, headers={"prefer": "wait=20"}).json()
    validation = client.post("/digits/versions/1/validate/")
    answer = client.post("/digits/versions/1/predict/", files={"photo": sample(7)})

    assert ("successful", 1) == (job["status"], job["made_version"])
    assert 0.8 < validation.json()["accuracy"] <= 1
    assert 7 == answer.json()[0]["digit"]


def test_invert_returns_the_negative(client: httpx2.Client) -> None:
    answer = client.post("/invert/predict/", files={"photo": sample(0)})

    original = Image.open(io.BytesIO(sample(0))).convert("RGB")
    negative = Image.open(io.BytesIO(answer.content))
    assert "image/png" == answer.headers["content-type"]
    assert original.size == negative.size
    assert [255 - value for value in original.tobytes()] == list(negative.tobytes())


def test_invert_sends_the_type_that_is_accepted(client: httpx2.Client) -> None:
    answer = client.post(
        "/invert/predict/", files={"photo": sample(0)}, headers={"accept": "image/jpeg"}
    )

    assert "JPEG" == Image.open(io.BytesIO(answer.content)).format


def test_the_stream_sends_a_line_for_each_year(client: httpx2.Client) -> None:
    with client.stream("POST", "/lynx/predict/", json={"years": 5}) as answer:
        years = [json.loads(line)["year"] for line in answer.iter_lines()]

    assert [1, 2, 3, 4, 5] == years


def test_the_stream_sends_events_to_those_who_ask(client: httpx2.Client) -> None:
    answer = client.post(
        "/lynx/predict/",
        json={"years": 2},
        headers={"accept": "text/event-stream"},
    )

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert 2 == answer.text.count("data: ")
