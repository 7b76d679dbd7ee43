"""Writes the answer to an inference request.

As in a request, an output is a list within the JSON, or bytes behind it; the caller
says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from deepaas.errors import InvalidInputError
from deepaas.model.files import OCTET_STREAM
from deepaas.model.openinference.request import deflated
from deepaas.model.openinference.results import tensors_of
from deepaas.model.openinference.specs import JSON
from deepaas.model.results import Encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.model.openinference.request import Request
    from deepaas.model.openinference.results import Tensor
    from deepaas.model.openinference.specs import TensorSpec
    from deepaas.model.results import ResultCodec


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """An inference that was begun: what its answer has to look like.

    Attributes:
        id: The caller's name for the request, or empty.
        model: The model's name.
        version: Of the model.
        outputs: What is sent, in order, and whether as bytes.
        coding: How the answer is compressed, or empty.
    """

    id: str
    model: str
    version: int
    outputs: tuple[tuple[TensorSpec, bool], ...]
    coding: str

    def encode(self, result: Any, *, codec: ResultCodec, media_type: str) -> Encoded:
        """Return the answer for a result.

        Args:
            result: What the model has returned.
            codec: Encodes results that are neither arrays nor numbers.
            media_type: What the codec has chosen.

        Raises:
            BadOutputError: The result is not what its hint says.
            InvalidInputError: JSON cannot hold it, which the caller has asked for.
        """
        specs = [spec for spec, _ in self.outputs]
        is_raw = {spec.name: is_raw for spec, is_raw in self.outputs}
        written = [
            _write(one, is_raw=is_raw[one.spec.name])
            for one in tensors_of(result, specs, codec=codec, media_type=media_type)
        ]
        document: dict[str, Any] = {
            "model_name": self.model,
            "model_version": str(self.version),
        }
        if self.id:
            document["id"] = self.id
        document["outputs"] = [one for one, _ in written]
        head = msgspec.json.encode(document)
        is_binary = any("data" not in one for one, _ in written)
        body = b"".join((head, *(content for _, content in written)))
        return Encoded(
            media_type=OCTET_STREAM if is_binary else JSON,
            body=deflated(body, coding=self.coding) if self.coding else body,
            json_bytes=len(head) if is_binary else None,
            coding=self.coding,
        )


def wanted_outputs(
    request: Request, specs: Mapping[str, TensorSpec]
) -> tuple[tuple[TensorSpec, bool], ...]:
    """Return the outputs that a request asks for; all of them if it names none.

    Raises:
        InvalidInputError: There is no such output.
    """
    if not request.outputs:
        return tuple((spec, request.is_binary) for spec in specs.values())
    for name in request.outputs:
        if name not in specs:
            raise InvalidInputError(
                f"There is no output {name!r}; known: {', '.join(specs)}."
            )
    return tuple((specs[name], is_raw) for name, is_raw in request.outputs.items())


def _write(
    tensor: Tensor, *, is_raw: bool
) -> tuple[dict[str, Any], bytes | memoryview]:
    """Return an output as the JSON has it, and the bytes that follow."""
    document: dict[str, Any] = {
        "name": tensor.spec.name,
        "datatype": tensor.spec.datatype,
        "shape": tensor.shape,
    }
    parameters: dict[str, Any] = {}
    if tensor.media_type:
        parameters["content_type"] = tensor.media_type
    content: bytes | memoryview = b""
    if is_raw:
        content = tensor.raw()
        parameters["binary_data_size"] = len(content)
    else:
        document["data"] = tensor.listed()
    if parameters:
        document["parameters"] = parameters
    return document, content
