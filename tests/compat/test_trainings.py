"""Trainings over HTTP: the addresses are there, the trainings are not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.problems import problem

if TYPE_CHECKING:
    import httpx2

TRAININGS = "it trains"


@pytest.mark.differs_from_26(TRAININGS)
@pytest.mark.parametrize("model", ["probe", "train_only", "noargs"])
def test_a_training_is_not_implemented(http: httpx2.Client, model: str) -> None:
    answer = http.post(f"/v2/models/{model}/train/", json={"epochs": 1})

    problem(answer, status=501)


@pytest.mark.parametrize("model", ["noargs", "strict"])
def test_a_model_without_train_cannot_be_trained(
    http: httpx2.Client, model: str
) -> None:
    answer = http.post(f"/v2/models/{model}/train/")

    assert 501 == answer.status_code
    assert f"Not implemented by underlying model (loaded '{model}')" in answer.text


@pytest.mark.parametrize("model", ["probe", "noargs"])
def test_there_are_no_trainings(http: httpx2.Client, model: str) -> None:
    answer = http.get(f"/v2/models/{model}/train/")

    assert 200 == answer.status_code
    assert [] == answer.json()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_training_is_not_found(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, f"/v2/models/probe/train/{'0' * 32}")

    assert 404 == answer.status_code
