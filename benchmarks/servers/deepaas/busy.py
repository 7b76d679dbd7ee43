"""W3: five milliseconds of Python."""

import work


def predict(x: float) -> dict[str, float]:
    """Double a number, and compute something else."""
    work.busy()
    return {"y": 2 * x}
