"""Inference requests and answers: from gRPC to the form that HTTP has, and back.

A worker knows one form only, JSON with binary tensors behind it. So the bytes of a
tensor are handed on, and what is around them is written anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas.errors import InvalidInputError
from deepaas.frontends.openinference.protocol import message
from deepaas.model.openinference.datatypes import pack

if TYPE_CHECKING:
    from collections.abc import Mapping

ModelInferResponse: Final = message("ModelInferResponse")

_FIELDS: Final = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Where the elements of a tensor are that does not come as bytes."""

_OUR_OWN: Final = frozenset({"binary_data", "binary_data_size", "binary_data_output"})
"""Parameters by which HTTP says how tensors come; gRPC says it in its own way."""


def request_body(request: Any) -> tuple[int, bytes]:
    """Return a `ModelInferRequest` as a body, and how long the JSON in it is.

    Raises:
        InvalidInputError: Its tensors are not where they should be.
    """
    tensors = _tensors(request)
    document = {
        "id": request.id,
        "parameters": {**_values(request.parameters), "binary_data_output": True},
        "inputs": [
            {
                "name": one.name,
                "datatype": one.datatype,
                "shape": list(one.shape),
                "parameters": {
                    **_values(one.parameters),
                    "binary_data_size": len(content),
                },
            }
            for one, content in zip(request.inputs, tensors, strict=True)
        ],
        "outputs": [
            {"name": one.name, "parameters": _values(one.parameters)}
            for one in request.outputs
        ],
    }
    head = msgspec.json.encode(document)
    return len(head), b"".join((head, *tensors))


def response_of(body: bytes, *, json_bytes: int | None) -> Any:
    """Return an answer's body as a `ModelInferResponse`."""
    start = len(body) if json_bytes is None else json_bytes
    document = msgspec.json.decode(body[:start])
    response = ModelInferResponse(
        model_name=document["model_name"],
        model_version=document["model_version"],
        id=document.get("id", ""),
    )
    for one in document["outputs"]:
        parameters = one.get("parameters", {})
        output = response.outputs.add(
            name=one["name"], datatype=one["datatype"], shape=one["shape"]
        )
        if "content_type" in parameters:
            output.parameters["content_type"].string_param = parameters["content_type"]
        end = start + parameters["binary_data_size"]
        response.raw_output_contents.append(body[start:end])
        start = end
    return response


def _tensors(request: Any) -> list[bytes]:
    raw: list[bytes] = list(request.raw_input_contents)
    if not raw:
        return [_packed(one) for one in request.inputs]
    if len(raw) != len(request.inputs):
        raise InvalidInputError(
            f"raw_input_contents has {len(raw)} elements for {len(request.inputs)} "
            "inputs; give one for each."
        )
    for one in request.inputs:
        if one.HasField("contents"):
            raise InvalidInputError(
                f"Input {one.name!r} has contents beside raw_input_contents; leave one "
                "of them out."
            )
    return raw


def _packed(one: Any) -> bytes:
    field = _FIELDS.get(one.datatype)
    if field is None:
        raise InvalidInputError(
            f"Input {one.name!r} is {one.datatype}, which has to come in "
            "raw_input_contents."
        )
    try:
        return pack(one.datatype, list(getattr(one.contents, field)))
    except ValueError as error:
        raise InvalidInputError(f"Input {one.name!r} {error}.") from None


def _values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: getattr(value, chosen)
        for name, value in parameters.items()
        if name not in _OUR_OWN and (chosen := value.WhichOneof("parameter_choice"))
    }
