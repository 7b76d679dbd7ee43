"""The tags by which callers say which state of a job they know."""

from __future__ import annotations

from typing import Any

import pytest

from deepaas.frontends.api.entity_tags import is_as_known, is_unchanged, job_tag


def document(status: str = "running", **members: Any) -> dict[str, Any]:
    return {"id": "1", "status": status, "attempt": 1, **members}


def test_a_tag_changes_with_the_document_and_not_with_its_order() -> None:
    tag = job_tag({"status": "running", "progress": 1})

    assert tag == job_tag({"progress": 1, "status": "running"})
    assert tag != job_tag({"status": "running", "progress": 2})


def test_a_job_that_has_made_progress_is_still_as_known() -> None:
    known = job_tag(document(progress=1))

    assert is_as_known(known, job_tag(document(progress=2)))
    assert not is_unchanged(known, job_tag(document(progress=2)))


@pytest.mark.parametrize(
    "now", [document("successful"), document("accepted"), document(attempt=2)]
)
def test_a_job_in_another_state_or_attempt_is_not_as_known(now: dict[str, Any]) -> None:
    assert not is_as_known(job_tag(document()), job_tag(now))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", False),
        ("*", True),
        ("{tag}", True),
        ("W/{tag}", True),
        ('"other", {tag}', True),
        ('"other"', False),
        ("nonsense", False),
    ],
)
def test_a_header_names_tags(header: str, *, expected: bool) -> None:
    tag = job_tag(document())

    assert expected == is_unchanged(header.format(tag=tag), tag)
    assert expected == is_as_known(header.format(tag=tag), tag)
