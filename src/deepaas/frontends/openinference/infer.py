"""Inference over HTTP: a prediction whose arguments come as tensors.

The way of all predictions, so small ones go past ASGI here too. Only the head differs:
the media type says nothing, and other headers say how the body is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deepaas import errors, messages
from deepaas.frontends.api.predict import PredictEndpoint
from deepaas.frontends.api.result_answers import JSON_LENGTH
from deepaas.frontends.api.versions import ByModel
from deepaas.model.openinference.request import CODINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepaas.frontends.api.answers import Header, Scope
    from deepaas.frontends.api.heads import Head
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.frontends.openinference.service import OpenInference
    from deepaas.model.job import Version

_IGNORED: Final = frozenset({b"content-type", b"prefer"})


class InferEndpoint(PredictEndpoint):
    """Answers the inferences of one model."""

    def _read_head(
        self, headers: Sequence[Header], *, query: bytes, request_id: str
    ) -> Head:
        del query
        others, inference = read_inference_head(
            headers, limit_bytes=self._bodies.limit_bytes
        )
        head = super()._read_head(others, query=b"", request_id=request_id)
        head.record.inference = inference
        return head

    def _kind(self) -> str:
        return "inference"


class _VersionedInference(InferEndpoint):
    def __init__(
        self, model: str, *, door: JobDoor, is_enabled: bool, service: OpenInference
    ) -> None:
        super().__init__(model, door=door, is_enabled=is_enabled)
        self._service = service

    async def _version(self, scope: Scope) -> Version | None:
        return await self._service.find(self.model, scope["path_params"]["version"])


def versioned_inferences(
    door: JobDoor, *, is_enabled: bool, service: OpenInference
) -> ByModel:
    """Return what answers inferences by a version that the address names."""
    return ByModel(
        {
            model: _VersionedInference(
                model, door=door, is_enabled=is_enabled, service=service
            )
            for model in door.plane.pools
        },
        kind="inference",
    )


def read_inference_head(
    headers: Sequence[Header], *, limit_bytes: int
) -> tuple[list[Header], messages.InferenceHead]:
    """Return the headers that all predictions have, and what the others say.

    Args:
        headers: With their names in lower case.
        limit_bytes: Largest body, once it is not compressed any more; 0 is no limit.

    Raises:
        MalformedBodyError: The length of the JSON is no number.
    """
    json_bytes: int | None = None
    coding = answer_coding = ""
    others: list[Header] = []
    for name, value in headers:
        if name == JSON_LENGTH:
            json_bytes = _length(value)
        elif name == b"content-encoding" and _coding(value):
            coding = _coding(value)
        elif name == b"accept-encoding":
            # One coding alone is a wish. A list says what a client could read, and
            # nearly all send one; compressing would cost them more than it saves.
            answer_coding = _coding(value)
        elif name not in _IGNORED:
            others.append((name, value))
    return others, messages.InferenceHead(
        json_bytes=json_bytes,
        coding=coding,
        limit_bytes=limit_bytes,
        answer_coding=answer_coding,
    )


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > 15:
        text = value.decode("latin-1")
        raise errors.MalformedBodyError(
            f"Inference-Header-Content-Length has to be a number of bytes, "
            f"not {text!r}."
        )
    return int(value)


def _coding(value: bytes) -> str:
    """Return a coding that is known here, or an empty text."""
    text = value.decode("latin-1").strip().lower()
    return text if text in CODINGS else ""
