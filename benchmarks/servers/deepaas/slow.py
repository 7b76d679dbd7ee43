"""W8, W9: a model that takes its time, and says in which process it runs."""

import os

import work


def predict() -> dict[str, int]:
    """Wait."""
    work.slow()
    return {"pid": os.getpid()}
