"""Name an iris by the size of its petals."""

from typing import Literal


def predict(
    petal_length: float, petal_width: float
) -> Literal["setosa", "versicolor", "virginica"]:
    """Name an iris by the length and width of a petal, both in centimetres."""
    if petal_length < 2.45:
        return "setosa"
    return "versicolor" if petal_width < 1.75 else "virginica"
