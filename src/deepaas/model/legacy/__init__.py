"""Models of DEEPaaS 2.x: arguments and answers described by marshmallow.

The one place where marshmallow's fields, webargs' ideas and aiohttp's exceptions are
understood. It is imported only by a process that has loaded a 2.x model; the rest of
the program sees a `Signature` and a `ResultCodec`, as for any other model.

    fields          what the model declared → one marshmallow schema of our own
    signature       a call's inputs → keyword arguments; webargs 5 told anew
    accept          the argument that chooses the answer's media type
    field_schemas   fields → JSON Schema
    validation      marshmallow's messages → our error
    codec           results → answers; `content` for bytes, `plain` for JSON
    http_errors     exceptions of the model → ours

webargs itself is never imported: its parsers differ between the versions that models
pin, while its fields are marshmallow's.
"""

from deepaas.model.legacy.codec import LegacyCodec, read_codec
from deepaas.model.legacy.http_errors import translate_exception
from deepaas.model.legacy.signature import LegacySignature, read_signature

__all__ = [
    "LegacyCodec",
    "LegacySignature",
    "read_codec",
    "read_signature",
    "translate_exception",
]
