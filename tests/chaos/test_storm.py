"""Nothing that was accepted is lost, run twice, stuck or left behind.

The long run is `make chaos`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.chaos.storm import Storm

if TYPE_CHECKING:
    from pathlib import Path

# Each starts a dozen servers and runs all that they have accepted.
pytestmark = pytest.mark.timeout(300)

POINTS = [
    "job.after_body",
    "store.after_insert",
    "store.before_commit",
    "store.after_commit",
    "job.after_add",
    "job.after_claim",
    "job.before_publish",
    "job.after_result",
    "job.after_artifacts",
    "job.after_complete",
]


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_is_killed_keeps_its_promises(tmp_path: Path, seed: int) -> None:
    tally = Storm(tmp_path, seed=seed).run(10)

    assert [] == tally.problems
    assert (10, 0) == (tally.kills, tally.orphans)
    assert tally.acknowledged


@pytest.mark.parametrize("point", POINTS)
def test_a_server_that_ends_between_two_steps_keeps_its_promises(
    tmp_path: Path, point: str
) -> None:
    tally = Storm(tmp_path, seed=0).run_to(point, 2)

    assert [] == tally.problems
    assert 0 == tally.orphans
