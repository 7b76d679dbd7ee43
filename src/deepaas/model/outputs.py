"""The results of native models: from the return hint to bytes.

The hint decides at load time what an operation can send, so that a caller who accepts
none of it is refused before anything is computed. Where it leaves that open (no hint,
a file of any type, a union of data and image) the Accept header itself stands in for a
media type until there is a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepaas.errors import NotAcceptableError, SignatureError
from deepaas.model.binaries import (
    TEXT_UTF8,
    is_binary,
    read_binary,
    utf8,
)
from deepaas.model.files import OCTET_STREAM
from deepaas.model.hints import HintError
from deepaas.model.images import IMAGE_TYPES, is_image, write_image
from deepaas.model.negotiation import (
    ANYTHING,
    JSON,
    TEXT,
    choose_for_bytes,
    choose_media_type,
)
from deepaas.model.result_hints import (
    compile_result,
    is_streaming,
    result_hint,
    sendable,
)
from deepaas.model.results import Encoded, ResultCodec
from deepaas.model.streams import StreamCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deepaas.model.result_hints import ResultJson, Sendable


def read_codec(
    function: Callable[..., Any], *, model: str, operation: str
) -> ResultCodec:
    """Return the codec for what `function` returns, by its return hint.

    Args:
        function: A function, bound method or other callable.
        model: The model's name, for the error.
        operation: What the function is: `predict`, `train` or `validate`.

    Raises:
        SignatureError: Nothing of the hinted type can be sent.
    """
    try:
        hint = result_hint(function)
        form = compile_result(hint)
    except HintError as error:
        head = f"{operation}() -> {error.place}".removesuffix(" -> ")
        reason = f"{head}: {error.reason}."
        raise SignatureError(model, reason) from error.__cause__
    if is_streaming(function):
        return StreamCodec(form, hint=hint)
    return NativeCodec(form, sendable=sendable(hint))


class NativeCodec(ResultCodec):
    """Sends whole results.

    Args:
        form: How they look as JSON.
        sendable: How else they can be sent.
    """

    def __init__(self, form: ResultJson, *, sendable: Sendable) -> None:
        self.media_types = sendable.media_types
        self.schema = form.schema
        self.definitions = form.definitions
        self._write = form.writer.write
        self._is_settled = sendable.is_settled
        self._is_json = sendable.is_settled and sendable.media_types[0] == JSON

    def choose(self, accept: str, arguments: Mapping[str, Any]) -> str:
        """Return the media type for a caller, or `accept` where the value decides."""
        del arguments
        if not self._is_settled:
            return accept or ANYTHING
        chosen = _choose(accept, self.media_types)
        if chosen is None:
            raise NotAcceptableError(accept, available=self.media_types)
        return chosen

    def encode(self, result: Any, media_type: str) -> Encoded:
        """Return `result` as `media_type`, or as what it is if that does not fit."""
        if self._is_json and media_type == JSON:
            return Encoded(media_type=JSON, body=self._write(result))
        if is_image(result):
            return self._encode_image(result, media_type)
        if is_binary(result):
            return self._encode_binary(result, media_type)
        return self._encode_data(result, media_type)

    def _encode_data(self, result: Any, accept: str) -> Encoded:
        available = (JSON, TEXT) if isinstance(result, str) else (JSON,)
        if self._suitable(accept, available) == TEXT:
            return Encoded(media_type=TEXT_UTF8, body=utf8(result))
        return self._encode_json(result)

    def _encode_image(self, image: Any, accept: str) -> Encoded:
        chosen = self._suitable(accept, (*IMAGE_TYPES, JSON))
        if chosen == JSON:
            return self._encode_json(image)
        return Encoded(media_type=chosen, body=write_image(image, media_type=chosen))

    def _encode_binary(self, result: Any, accept: str) -> Encoded:
        binary = read_binary(result)
        types = dict.fromkeys((binary.media_type, OCTET_STREAM, JSON))
        chosen = self._suitable(accept, tuple(types))
        if chosen == JSON != binary.media_type:
            return self._encode_json(binary.qualified())
        return Encoded(
            media_type=chosen,
            body=binary.body,
            path=binary.path,
            filename=binary.filename,
        )

    def _encode_json(self, result: Any) -> Encoded:
        return Encoded(media_type=JSON, body=self._write(result))

    def _suitable(self, accept: str, available: Sequence[str]) -> str:
        """Return the media type for a value that can be sent as `available`."""
        chosen = _choose(accept, available)
        if chosen is not None:
            return chosen
        if self._is_settled:
            # The value is not what its hint promised, and that is not the caller's
            # fault.
            return available[0]
        raise NotAcceptableError(accept, available=tuple(available))


def _choose(accept: str, available: Sequence[str]) -> str | None:
    choose = choose_for_bytes if available[0] == OCTET_STREAM else choose_media_type
    return choose(accept, available)
