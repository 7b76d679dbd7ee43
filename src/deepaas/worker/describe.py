"""What a loaded model looks like to a server that never imports it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from deepaas import messages
from deepaas.model.interface import LEGACY_KINDS
from deepaas.model.sources import source_digests

if TYPE_CHECKING:
    from deepaas.model.loading import LoadedModel, Operation

_RECORD_BITS: Final = 63
_FLOAT_BITS: Final = 1000


def describe(model: LoadedModel) -> messages.ModelDescription:
    """Return the description of a model."""
    return messages.ModelDescription(
        kind=model.kind,
        metadata=_metadata_or_nothing(model),
        operations={
            name: describe_operation(operation, kind=model.kind)
            for name, operation in model.operations.items()
        },
        sources=source_digests(model.target),
    )


def _metadata_or_nothing(model: LoadedModel) -> dict[str, Any]:
    """Return the metadata, or nothing when the model fails to tell them.

    That is no reason not to predict: whoever asks for the metadata gets the error.
    """
    try:
        return plain_metadata(model)
    except Exception:  # noqa: BLE001 - the model's own code may raise anything
        traceback.print_exc()
        return {}


def plain_metadata(model: LoadedModel) -> dict[str, Any]:
    """Return the model's metadata as plain JSON values; others become their text."""
    text = msgspec.json.encode(model.metadata(), enc_hook=str)
    return cast("dict[str, Any]", _fitting(msgspec.json.decode(text)))


def describe_operation(
    operation: Operation, *, kind: str
) -> messages.OperationDescription:
    """Return the description of one operation of a model of some kind."""
    arguments = tuple(
        msgspec.structs.replace(one, schema=_fitting(one.schema))
        for one in operation.signature.arguments
    )
    codec = operation.codec
    return messages.OperationDescription(
        name=operation.name,
        is_implemented=operation.function is not None,
        summary=operation.summary,
        description=operation.description,
        arguments=arguments,
        definitions=_fitting({**operation.signature.definitions, **codec.definitions}),
        allows_unknown=kind in LEGACY_KINDS,
        result_schema=_fitting(codec.schema),
        result_name=codec.schema_name,
        media_types=codec.media_types,
        is_streaming=codec.is_streaming,
        header_names=tuple(
            one.name.lower() for one in arguments if one.location == "header"
        ),
        uses_cookies=any(one.location == "cookie" for one in arguments),
        max_batch_size=operation.batch.max_size if operation.batch else 1,
        is_async=operation.is_async and operation.batch is None,
        is_restartable=operation.recovery.is_restartable,
        retries=operation.recovery.retries,
        retry_delay_s=operation.recovery.retry_delay_s,
    )


def _fitting(value: Any) -> Any:
    """Return JSON with the integers that no record can hold as the nearest float."""
    if isinstance(value, dict):
        return {key: _fitting(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_fitting(part) for part in value]
    if not isinstance(value, int) or value.bit_length() <= _RECORD_BITS:
        return value
    return float(value) if value.bit_length() <= _FLOAT_BITS else str(value)
