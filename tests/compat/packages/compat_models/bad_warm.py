"""Fails while it warms up."""
# mypy: ignore-errors
# A published model has no annotations.


def warm():
    raise RuntimeError("the weights are not there")


def predict(**kwargs):
    return kwargs
