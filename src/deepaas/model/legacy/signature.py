"""Binds a call of a 2.x model exactly as DEEPaaS 2.x with webargs 5 did.

For each argument the value is looked for in query, form and JSON, in this order, or
in the one place that its field names; what is found is loaded by marshmallow in one
go. What a request carries besides is ignored, except within nested objects.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, missing
from marshmallow import fields as ma_fields

from deepaas.errors import SignatureError
from deepaas.model.arguments import (
    Argument,
    Inputs,
    Signature,
)
from deepaas.model.legacy.accept import NAME as ACCEPT
from deepaas.model.legacy.accept import AcceptArgument
from deepaas.model.legacy.field_schemas import field_schema
from deepaas.model.legacy.fields import (
    BadFieldError,
    files_of,
    is_list,
    location_of,
    protect_defaults,
    read_schema,
    wire_name,
)
from deepaas.model.legacy.finder import Finder, slot_of
from deepaas.model.legacy.validation import invalid_input


class LegacySignature(Signature):
    """The arguments of a 2.x operation.

    Attributes:
        accept: The argument that chooses the answer's media type, if there is one.
    """

    def __init__(
        self,
        *,
        schema: Schema,
        arguments: tuple[Argument, ...],
        accept: AcceptArgument | None,
    ) -> None:
        self.arguments = arguments
        self.definitions = {}
        self.accept = accept
        self._schema = schema
        # Of all fields: one that is only for output is refused when it is sent.
        self._slots = [slot_of(name, field) for name, field in schema.fields.items()]

    def bind(self, inputs: Inputs) -> dict[str, Any]:
        """Validate `inputs` and return the keyword arguments for the function.

        Whatever a field of the model's own raises, other than a validation error,
        is passed on.

        Raises:
            InvalidInputError: Something is wrong; all of it is named at once.
            MalformedBodyError: An argument was in neither query nor form, and the
                body is no JSON.
        """
        finder = Finder(inputs)
        found = {
            slot.name: value
            for slot in self._slots
            if (value := finder.find(slot)) is not missing
        }
        if self.accept is not None:
            self.accept.apply(found, header=inputs.headers.get(ACCEPT, ""))
        try:
            values = self._schema.load(found)
        except ValidationError as error:
            raise invalid_input(error) from error
        return dict(values)


def read_signature(declared: Any, *, model: str, operation: str) -> LegacySignature:
    """Return the signature for the arguments that a 2.x model declared.

    Args:
        declared: What `get_predict_args` or its like returned: a mapping of names to
            marshmallow fields, such as the `fields` of a schema, or a schema.
        model: The model's name, for errors.
        operation: The operation's name, for errors.

    Raises:
        SignatureError: Something in it cannot be served.
    """
    try:
        schema = read_schema(declared)
        field = schema.load_fields.get(ACCEPT)
        accept = AcceptArgument(field) if field else None
        arguments = tuple(
            _argument(name, field, accept=accept if name == ACCEPT else None)
            for name, field in schema.load_fields.items()
        )
    except (BadFieldError, TypeError, ValueError, NameError) as error:
        raise SignatureError(model, f"get_{operation}_args: {error}") from error
    protect_defaults(schema)
    return LegacySignature(schema=schema, arguments=arguments, accept=accept)


def _argument(
    name: str, field: ma_fields.Field, *, accept: AcceptArgument | None
) -> Argument:
    try:
        schema = field_schema(field)
        if accept is not None:
            schema |= {"enum": list(accept.choices), "default": accept.default}
        return Argument(
            name=wire_name(name, field),
            keyword=field.attribute or name,
            schema=schema,
            required=field.required and accept is None,
            location=location_of(field),
            is_file=files_of(field) != "none",
            is_list=is_list(field),
            is_nullable=field.allow_none,
        )
    except (BadFieldError, TypeError, ValueError, NameError) as error:
        raise BadFieldError(f"argument {name!r}: {error}") from error
