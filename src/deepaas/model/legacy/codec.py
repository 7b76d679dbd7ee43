"""Turns what a 2.x model returns into the answer.

JSON is `{"status": "OK", "predictions": ...}` for a prediction, or the model's own
value where it states a `schema` and for all other operations; every other media type is
the result itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import marshmallow

from deepaas.errors import BadOutputError, SignatureError
from deepaas.model.legacy.accept import JSON, NAME
from deepaas.model.legacy.content import any_content, binary_content, text_of
from deepaas.model.legacy.field_schemas import object_schema
from deepaas.model.legacy.plain import encode_json
from deepaas.model.media_types import essence
from deepaas.model.results import Encoded, ResultCodec

if TYPE_CHECKING:
    from deepaas.model.legacy.signature import LegacySignature

_JSON_WITH_CHARSET: Final = f"{JSON}; charset=utf-8"
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/([\w!#$&^.+-]+|\*)(;[ -~]*)?", re.ASCII)
_DICT_SCHEMA_NAME: Final = "ModelPredictionResponse"


class LegacyCodec(ResultCodec):
    """The answers of a 2.x operation."""

    def __init__(
        self,
        *,
        media_types: tuple[str, ...],
        schema: marshmallow.Schema | None,
        is_wrapped: bool = True,
    ) -> None:
        self.media_types = media_types
        self._schema = schema
        self._is_wrapped = is_wrapped and schema is None
        if schema is None and not is_wrapped:
            return
        if any(_is_json(one) for one in media_types):
            self.schema = _wrapper_schema() if schema is None else object_schema(schema)
            self.schema_name = None if schema is None else _documented_name(schema)

    def choose(self, accept: str, arguments: Mapping[str, Any]) -> str:
        """Return the value of the model's `accept` argument, or JSON.

        The header was read when the arguments were bound; a model without the
        argument answers JSON whatever the caller accepts.
        """
        del accept
        chosen = arguments.get(NAME)
        if isinstance(chosen, str) and _MEDIA_TYPE.fullmatch(chosen):
            return chosen
        return self.media_types[0]

    def encode(self, result: Any, media_type: str) -> Encoded:
        """Return `result` as `media_type`.

        A result that can only be bytes is sent as what it is, also to a caller who
        asked for JSON: published models decide between the two by themselves.

        Raises:
            BadOutputError: The result cannot be represented, or violates the schema.
        """
        return self._encode(result, media_type, is_wrapped=self._is_wrapped)

    def encode_bare(self, result: Any, media_type: str) -> Encoded:
        """Return `result` without the status that stands beside it; see `encode`."""
        return self._encode(result, media_type, is_wrapped=False)

    def _encode(self, result: Any, media_type: str, *, is_wrapped: bool) -> Encoded:
        if _is_json(media_type):
            content = binary_content(result)
            if content is not None:
                return content.encoded(content.natural_type())
            answer = self._checked(text_of(result))
            if is_wrapped:
                answer = {"status": "OK", "predictions": answer}
            return Encoded(media_type=_JSON_WITH_CHARSET, body=encode_json(answer))
        content = any_content(result)
        if content is not None:
            is_range = media_type.endswith("/*")
            return content.encoded(content.natural_type() if is_range else media_type)
        if essence(media_type).endswith("+json"):
            return Encoded(media_type=media_type, body=encode_json(result))
        raise BadOutputError(
            f"The model returned {type(result).__name__} for {media_type}; return "
            "bytes, a text, a buffer or an open file."
        )

    def _checked(self, result: Any) -> Any:
        if self._schema is None:
            return result
        try:
            self._schema.load(result)
        except marshmallow.ValidationError as error:
            raise BadOutputError(
                "ERROR validating model response, check server logs."
            ) from error
        return result


def read_codec(
    signature: LegacySignature, *, schema: Any, model: str, operation: str
) -> LegacyCodec:
    """Return the codec for the answers of a 2.x operation.

    Args:
        signature: The operation's arguments; `accept` among them names media types.
        schema: The model's `schema`: None, a dict of fields, or a marshmallow schema
            (class or instance).
        model: The model's name, for errors.
        operation: The operation's name, for errors.

    Raises:
        SignatureError: The schema is none.
    """
    choices = signature.accept.choices if signature.accept else ()
    media_types = tuple(one for one in choices if _MEDIA_TYPE.fullmatch(one))
    try:
        return LegacyCodec(
            media_types=media_types or (JSON,),
            schema=_read_schema(schema),
            is_wrapped=operation == "predict",
        )
    except (TypeError, ValueError, NameError) as error:
        raise SignatureError(model, f"schema of {operation}: {error}") from error


def _read_schema(schema: Any) -> marshmallow.Schema | None:
    if schema is None or isinstance(schema, marshmallow.Schema):
        return schema
    if isinstance(schema, type) and issubclass(schema, marshmallow.Schema):
        return schema()
    if isinstance(schema, Mapping):
        named = marshmallow.Schema.from_dict(dict(schema), name=_DICT_SCHEMA_NAME)
        return named()
    raise TypeError(
        f"{type(schema).__name__} is no schema; set a dict of marshmallow fields, a "
        "marshmallow.Schema class, or None."
    )


def _documented_name(schema: marshmallow.Schema) -> str:
    return type(schema).__name__.removesuffix("Schema") or "Schema"


def _wrapper_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "status": {"type": "string", "description": "OK"},
            "predictions": {"description": "What the model returned"},
        },
        "required": ["status", "predictions"],
    }


def _is_json(media_type: str) -> bool:
    return essence(media_type) == JSON
