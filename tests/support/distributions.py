"""Makes entry points visible to a child process without installing anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: 4.5.6
Summary: Models for a test
Author-email: Grace <grace@example.org>
License: MIT
Home-page: http://example.org/{name}
"""


def write_distribution(
    folder: Path, name: str, entry_points: Mapping[str, Mapping[str, str]]
) -> Path:
    """Write the metadata of a distribution into `folder` and return `folder`.

    With `folder` on `PYTHONPATH`, `importlib.metadata` finds the distribution.

    Args:
        folder: Where the `.dist-info` goes.
        name: The distribution's name.
        entry_points: From group to names and what they refer to.
    """
    dist_info = folder / f"{name.replace('-', '_')}-4.5.6.dist-info"
    dist_info.mkdir(parents=True)
    (dist_info / "METADATA").write_text(METADATA.format(name=name))
    (dist_info / "entry_points.txt").write_text(
        "\n".join(
            f"[{group}]\n" + "".join(f"{key} = {to}\n" for key, to in points.items())
            for group, points in entry_points.items()
        )
    )
    return folder


def python_path(*folders: Path) -> str:
    """Return a value for `PYTHONPATH` with `folders` in front of what is there."""
    there = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    return os.pathsep.join([*(str(folder) for folder in folders), *there])
