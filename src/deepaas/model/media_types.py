"""What a Content-Type says."""

from __future__ import annotations

from deepaas.model.negotiation import JSON


def essence(content_type: str) -> str:
    """Return the media type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Return whether it is JSON, or a type that is written in it (RFC 6839)."""
    if content_type == JSON:  # nearly always
        return True
    name = essence(content_type)
    return name == JSON or name.endswith("+json")
