"""Jobs as documents: of OGC API Processes, and of DEEPaaS 2.x."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deepaas.backends.job_events import LastEvents
from deepaas.frontends.api.job_documents import (
    OGC_REL,
    artifact_document,
    status_info,
    training,
)
from deepaas.jobs.records import Artifact, Job
from deepaas.jobs.states import JobState

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROOT = "http://host/a"
SILENT = LastEvents()


def job(state: JobState = JobState.RUNNING, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": "0" * 31 + "1",
        "model": "yolo",
        "operation": "train",
        "state": state,
        "created": BEGAN,
        "updated": BEGAN,
        "started": None if state is JobState.ACCEPTED else BEGAN,
        "finished": BEGAN + timedelta(seconds=90) if state.is_final else None,
        "attempt": 0 if state is JobState.ACCEPTED else 1,
        "arguments": {"epochs": 3},
    }
    return Job(**(values | fields))


def info(one: Job, events: LastEvents = SILENT, **options: Any) -> dict[str, Any]:
    return status_info(one, events=events, root=ROOT, **options)


def rels(document: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in document["links"]}


def test_a_job_goes_by_the_names_of_both_versions_of_the_standard() -> None:
    document = info(job())

    assert document["jobID"] == document["id"] == "0" * 31 + "1"
    assert ("process", "ogc-api-processes") == (
        document["type"],
        document["processingEntityType"],
    )
    assert ("yolo.train", "running") == (document["processID"], document["status"])
    assert "2026-01-31T12:00:00.000Z" == document["created"]


@pytest.mark.parametrize("state", list(JobState))
def test_what_is_not_known_is_left_out(state: JobState) -> None:
    document = info(job(state))

    assert None not in document.values()
    assert state.is_final == ("finished" in document)
    assert (state is not JobState.ACCEPTED) == ("started" in document)


@pytest.mark.parametrize(
    ("state", "fraction", "expected"),
    [
        (JobState.ACCEPTED, None, 0),
        (JobState.RUNNING, None, None),
        (JobState.RUNNING, 0.999, 99),
        (JobState.SUCCESSFUL, 0.5, 100),
        (JobState.FAILED, 0.5, 50),
        (JobState.DISMISSED, None, None),
    ],
)
def test_progress_is_in_percent(
    state: JobState, fraction: float | None, expected: int | None
) -> None:
    document = info(job(state), LastEvents(fraction=fraction))
    assert expected == document.get("progress")


def test_a_job_tells_what_it_does_until_it_is_known_how_it_ended() -> None:
    events = LastEvents(message="epoch 3", metrics={"loss": 0.5, "odd": None})

    document = info(job(), events)
    failed = info(job(JobState.FAILED, cause="model_error", detail="no luck"), events)

    assert "epoch 3" == document["message"]
    assert {"loss": 0.5, "odd": None} == document["metrics"]
    assert ("no luck", "model_error") == (failed["message"], failed["cause"])
    assert "urn:deepaas:problem:model-error" == failed["exception"]["type"]


@pytest.mark.parametrize(
    ("fraction", "after_s", "expected"),
    [
        (0.25, 30, "2026-01-31T12:02:00.000Z"),
        (1.0, 30, "2026-01-31T12:00:30.000Z"),
        (0.0, 30, None),
        (0.001, 30, None),  # too early to tell
        (None, 30, None),
    ],
)
def test_the_end_is_estimated_from_the_progress(
    fraction: float | None, after_s: float, expected: str | None
) -> None:
    events = LastEvents(fraction=fraction, at=BEGAN.timestamp() + after_s)

    assert expected == info(job(), events).get("expectedFinish")
    assert "expectedFinish" not in info(job(JobState.SUCCESSFUL), events)


def test_links_lead_on_from_where_the_caller_is() -> None:
    here = f"{ROOT}/jobs/{job().id}"

    running, done = rels(info(job())), rels(info(job(JobState.SUCCESSFUL)))

    assert running["self"] == running["monitor"] == here
    assert f"{ROOT}/processes/yolo.train" == running[f"{OGC_REL}/processes"]
    assert f"{OGC_REL}/results" not in running
    assert done[f"{OGC_REL}/results"] == done["results"] == f"{here}/results"
    assert {"log", "events", "metrics", "artifacts", "record"} <= set(done)
    assert f"{OGC_REL}/exceptions" in rels(info(job(JobState.FAILED)))


def test_a_name_that_no_address_can_have_is_quoted() -> None:
    linked = rels(info(job(model="net (v1) 100%")))
    assert (
        f"{ROOT}/processes/net%20(v1)%20100%25.train"
        == (linked[f"{OGC_REL}/processes"])
    )


def test_a_job_that_is_removed_is_shown_as_dismissed() -> None:
    document = info(job(JobState.SUCCESSFUL), state=JobState.DISMISSED)
    assert "dismissed" == document["status"]


def test_an_artifact_has_an_address() -> None:
    one = Artifact(path="a b/ä.pt", size_bytes=3, media_type="x/y", sha256="00")

    document = artifact_document(one, job(), root=ROOT)

    assert document["href"].endswith(f"/jobs/{job().id}/artifacts/a%20b/%C3%A4.pt")
    assert ("a b/ä.pt", 3) == (document["path"], document["size_bytes"])


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (JobState.ACCEPTED, "running"),
        (JobState.RUNNING, "running"),
        (JobState.SUCCESSFUL, "done"),
        (JobState.FAILED, "error"),
        (JobState.DISMISSED, "cancelled"),
    ],
)
def test_a_training_has_the_states_of_2x(state: JobState, expected: str) -> None:
    document = training(job(state), output=None, events=SILENT)

    assert expected == document["status"]
    assert document["uuid"] == job().id
    assert {"epochs": 3} == document["args"]
    assert datetime.fromisoformat(document["date"]).tzinfo is None


def test_a_training_that_is_done_has_its_output_and_how_long_it_took() -> None:
    document = training(job(JobState.SUCCESSFUL), output={"a": 1}, events=SILENT)

    assert {"a": 1} == document["result"]["output"]
    assert "0:01:30" == document["result"]["duration"]
    assert {"output", "finish_date", "duration"} == set(document["result"])


def test_a_training_that_waits_says_so_and_one_that_runs_how_far_it_is() -> None:
    waiting = training(job(JobState.ACCEPTED), output=None, events=SILENT)
    running = training(job(), output=None, events=LastEvents(fraction=0.5))

    assert waiting["waiting"] is True
    assert (None, 50) == (running.get("waiting"), running["progress"])


def test_a_training_that_failed_says_why() -> None:
    failed = training(job(JobState.FAILED, detail="no"), output=None, events=SILENT)
    assert "no" == failed["message"]
