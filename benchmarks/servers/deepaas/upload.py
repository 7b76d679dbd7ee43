"""W4: an uploaded file."""

import deepaas


def predict(file: deepaas.File) -> dict[str, int]:
    """Return the length of a file in bytes."""
    return {"length": len(file.read_bytes())}
