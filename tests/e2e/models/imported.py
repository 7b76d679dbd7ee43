"""Tells what has been imported into its process when it is asked."""

from __future__ import annotations

import sys


def predict(x: float = 0.0) -> list[str]:
    return sorted(sys.modules)
