"""W5: an image of 224 by 224 pixels as numbers."""

from typing import Annotated

import numpy as np

import deepaas


def predict(
    data: Annotated[np.ndarray, deepaas.Tensor("float32", (1, 3, 224, 224))],
) -> dict[str, float]:
    """Return the mean."""
    return {"mean": float(data.mean())}
