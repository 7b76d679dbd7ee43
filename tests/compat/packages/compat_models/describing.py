"""Turns the arguments that a model got into JSON that tells their types."""
# mypy: ignore-errors
# A published model has no annotations.

PLAIN = (str, int, float, bool, type(None))


def described(value):
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, dict):
        return {key: described(one) for key, one in value.items()}
    if isinstance(value, list):
        return [described(one) for one in value]
    return f"{type(value).__name__} {value}"
