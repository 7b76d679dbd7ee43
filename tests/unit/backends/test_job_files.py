"""Where the files of versions are, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepaas.backends.job_files import JobFiles

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_said_of_a_version_goes_with_its_files(tmp_path: Path) -> None:
    files = JobFiles(tmp_path)
    for number in (1, 2):
        (files.version_folder("plants", number) / "weights").mkdir(parents=True)
        files.keep_failure("plants", number, f"no {number}")

    files.remove_version("plants", 1)

    assert not files.version_folder("plants", 1).exists()
    assert files.version_folder("plants", 2).exists()
    assert {2: "no 2"} == files.failures("plants")
