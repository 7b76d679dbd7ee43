"""Hares and lynxes, year by year: a model whose answer is a stream."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, Field

STEPS_PER_YEAR = 1000


class Year(BaseModel):
    """The animals at the end of a year, in thousands."""

    year: int
    hares: float
    lynxes: float


def predict(
    years: Annotated[int, Field(ge=1, le=1000)] = 20,
    hares: Annotated[float, Field(ge=0, le=1000)] = 30,
    lynxes: Annotated[float, Field(ge=0, le=1000)] = 4,
) -> Iterator[Year]:
    """Follow hares and the lynxes that eat them (equations of Lotka and Volterra).

    Args:
        years: How many years to follow them; each is sent as soon as it is known.
        hares: Hares at the beginning, in thousands.
        lynxes: Lynxes at the beginning, in thousands.
    """
    step = 1 / STEPS_PER_YEAR
    for year in range(1, years + 1):
        for _ in range(STEPS_PER_YEAR):
            born, eaten = 0.55 * hares, 0.028 * hares * lynxes
            hares += (born - eaten) * step
            lynxes += (0.026 * hares - 0.84) * lynxes * step
        yield Year(year=year, hares=round(hares, 2), lynxes=round(lynxes, 2))
