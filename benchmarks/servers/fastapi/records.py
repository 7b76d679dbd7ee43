"""What goes in and comes out, for both servers."""

from pydantic import BaseModel


class Item(BaseModel):
    """The argument."""

    x: float


class Doubled(BaseModel):
    """The result."""

    y: float


class Tensor(BaseModel):
    """An image as numbers."""

    data: list[list[list[list[float]]]]
