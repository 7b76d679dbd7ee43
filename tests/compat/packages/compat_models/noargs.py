"""Takes no arguments, has no metadata, and cannot be trained."""
# mypy: ignore-errors
# A published model has no annotations.


def predict(**kwargs):
    return {"kwargs": kwargs}
