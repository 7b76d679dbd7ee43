"""Arguments as people see them in a job."""

from __future__ import annotations

import dataclasses
import datetime
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepaas.model.files import File
from deepaas.model.job import Job, Version
from deepaas.model.shown import shown_arguments
from deepaas.model.v2.wrapper import UploadedFile


@dataclasses.dataclass
class Reading:
    count: int


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (float("nan"), None),
        (2**64 - 1, 2**64 - 1),
        (2**64, "18446744073709551616"),
        ({"a": [-(2**63) - 1]}, {"a": ["-9223372036854775809"]}),
        (Reading(2**70), {"count": "1180591620717411303424"}),
        (None, None),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"12345", "(5 bytes)"),
        ({"a": {1}}, {"a": [1]}),
        ("x" * 2000, "x" * 1000 + "…"),
        (np.float32(0.5), 0.5),
        (Unspeakable(), "Unspeakable"),
        ("\ud800", "?"),
        (
            File(Path("/tmp/upload-0.png"), filename="rose.png"),  # noqa: S108 - shown only
            {"filename": "rose.png", "mediaType": "image/png"},
        ),
        (
            UploadedFile("data", "/spool/1", "image/png", "rose.png"),
            ["data", "image/png", "rose.png"],
        ),
    ],
)
def test_each_value_is_plain(value: Any, expected: Any) -> None:
    shown = shown_arguments({"x": value})

    assert {"x": expected} == shown
    json.dumps(shown, allow_nan=False)


def test_what_we_fill_in_is_not_shown() -> None:
    assert {} == shown_arguments({"job": Job(), "version": Version()})
