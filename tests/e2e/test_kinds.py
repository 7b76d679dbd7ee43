"""Models that are batched, async or streaming, over HTTP."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kinds") / "notes"


@pytest.fixture(scope="module")
def server(
    notes: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    port = free_port()
    names = ("batching.py", "waiting.py", "counting.py")
    started = ServerProcess(
        [
            *(sys.executable, "-m", "deepaas.cli.main", "serve", "--strict"),
            *("--listen-port", str(port), "--deadline", "5"),
            *(str(MODELS / name) for name in names),
        ],
        port=port,
        folder=tmp_path_factory.mktemp("server"),
        environment={"FAULTY_NOTES": str(notes)},
    )
    started.wait_until_ready("/readyz")
    yield started
    assert started.stop() == 0


def predict(
    server: ServerProcess, model: str, *, timeout: float = 20, **arguments: Any
) -> httpx2.Response:
    url = f"{server.url}/v2/models/{model}/predict/"
    return httpx2.post(url, json=arguments, timeout=timeout)


def test_a_lone_prediction_of_a_batched_model_does_not_wait(
    server: ServerProcess,
) -> None:
    assert {"y": 3.0, "together": 1} == predict(server, "batching", x=1.5).json()


def test_batches_form_while_the_model_is_busy(
    server: ServerProcess, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with ThreadPoolExecutor(max_workers=9) as callers:
        first = callers.submit(
            predict, server, "batching", x=0, seconds=1, begun=str(begun)
        )
        while not begun.exists():
            os.sched_yield()
        others = [callers.submit(predict, server, "batching", x=n) for n in range(8)]
        answers = [one.result().json() for one in others]

    assert 1 <= first.result().json()["together"]
    assert [2.0 * n for n in range(8)] == [answer["y"] for answer in answers]
    assert max(answer["together"] for answer in answers) > 1


def test_a_bad_item_fails_alone(server: ServerProcess) -> None:
    with ThreadPoolExecutor(max_workers=5) as callers:
        callers.submit(predict, server, "batching", x=0, seconds=0.3)
        refused = callers.submit(predict, server, "batching", x=-1)
        wrong = callers.submit(predict, server, "batching", x="many")
        good = [callers.submit(predict, server, "batching", x=n) for n in range(2)]

    assert 422 == refused.result().status_code
    assert "-1.0 is negative" == refused.result().json()["detail"]
    assert "#/x" == wrong.result().json()["errors"][0]["pointer"]
    assert [200, 200] == [one.result().status_code for one in good]


def test_predictions_of_an_async_model_run_side_by_side(
    server: ServerProcess,
) -> None:
    with ThreadPoolExecutor(max_workers=5) as callers:
        waits = [
            callers.submit(predict, server, "waiting", together=5) for _ in range(5)
        ]
        seen = [one.result().json() for one in waits]

    assert [5] * 5 == [one["most"] for one in seen]
    assert 1 == seen[0]["warm"]


def test_an_async_prediction_is_cancelled_when_its_caller_leaves(
    server: ServerProcess,
) -> None:
    before = predict(server, "waiting").json()["cancelled"]
    with pytest.raises(httpx2.ReadTimeout):
        predict(server, "waiting", seconds=30, timeout=0.5)

    seen = [predict(server, "waiting", seconds=0.2).json() for _ in range(5)]

    assert before + 1 == seen[-1]["cancelled"]


def test_a_deadline_cancels_an_async_prediction_and_spares_the_others(
    server: ServerProcess,
) -> None:
    with ThreadPoolExecutor() as callers:
        late = callers.submit(predict, server, "waiting", seconds=60)
        assert 200 == predict(server, "waiting", seconds=4).status_code

        assert 504 == late.result().status_code
        assert 1 == predict(server, "waiting").json()["warm"]


@pytest.mark.parametrize(
    ("accept", "media_type", "expected"),
    [
        ("*/*", "application/x-ndjson", '"0"\n"1"\n"2"\n'),
        ("application/json", "application/json", '["0","1","2"]'),
        ("text/event-stream", "text/event-stream", "data: 0\n\ndata: 1\n\ndata: 2\n\n"),
    ],
)
def test_a_stream_comes_as_it_is_asked_for(
    server: ServerProcess, accept: str, media_type: str, expected: str
) -> None:
    url = f"{server.url}/v2/models/counting/predict/"

    answer = httpx2.post(url, json={}, headers={"accept": accept})

    assert media_type == answer.headers["content-type"].partition(";")[0]
    assert expected == answer.text


def test_the_first_piece_decides_whether_a_stream_fails(
    server: ServerProcess,
) -> None:
    assert 500 == predict(server, "counting", fail_at=0).status_code


def test_a_stream_that_breaks_off_says_so_at_its_end(server: ServerProcess) -> None:
    answer = predict(server, "counting", fail_at=2)

    *pieces, last = answer.text.splitlines()
    assert ['"0"', '"1"'] == pieces
    assert "model_error" == json.loads(last)["error"]["code"]


def test_a_stream_whose_worker_dies_says_so_at_its_end(server: ServerProcess) -> None:
    answer = predict(server, "counting", die_at=2)

    *pieces, last = answer.text.splitlines()
    # What it made in its last moment may die with it.
    assert pieces in (['"0"'], ['"0"', '"1"'])
    assert "worker_died" == json.loads(last)["error"]["code"]


def test_a_long_stream_arrives_whole(server: ServerProcess) -> None:
    answer = predict(server, "counting", count=500, size=20_000)

    assert [20_002] * 500 == [len(line) for line in answer.text.splitlines()]


def test_a_generator_ends_when_its_reader_leaves(
    server: ServerProcess, notes: Path
) -> None:
    url = f"{server.url}/v2/models/counting/predict/"
    with httpx2.stream("POST", url, json={"count": -1, "size": 1000}) as answer:
        next(answer.iter_bytes())
    notes.unlink(missing_ok=True)

    assert 200 == predict(server, "counting").status_code

    ends = notes.read_text().splitlines()
    assert "ended at 3" == ends[-1]
    assert 1 <= len(ends) <= 2
