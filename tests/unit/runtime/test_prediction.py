"""When a prediction has taken too long."""

from __future__ import annotations

import pytest

from deepaas import messages
from deepaas.runtime.prediction import Prediction


@pytest.mark.parametrize(
    ("deadline_s", "due_in_s", "since_s", "now_s", "expected_s"),
    [
        (0, 0, 0, 1e6, 0),
        (5, 0, 0, 4, 0),
        (5, 0, 0, 6, 5),
        (5, 0, 4, 6, 0),
        (0, 3, 0, 2, 0),
        (0, 3, 0, 4, 3),
        (0, 3, 3.9, 4, 3),
        (5, 3, 0, 6, 5),
        (0, 0.01, 0, 1, 0.1),
    ],
)
def test_a_limit_counts_from_what_it_does_and_a_due_time_from_its_arrival(
    deadline_s: float, due_in_s: float, since_s: float, now_s: float, expected_s: float
) -> None:
    record = messages.Predict(seq=0, request_id="r")
    one = Prediction(record, b"", deadline_s=deadline_s)
    one.due = one.arrived + due_in_s if due_in_s else 0.0

    began, now = one.arrived + since_s, one.arrived + now_s
    assert expected_s == one.overdue_s(began, now)
