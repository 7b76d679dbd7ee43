"""Returns the bound fields of a schema, as the platform's template does."""
# mypy: ignore-errors
# A published model has no annotations.

import json

import marshmallow
from webargs import ValidationError, fields, validate

from compat_models.describing import described


class JsonText(fields.String):
    """A text that is JSON, as the image classification family has them."""

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(f"`{text}` is no JSON") from error


class Doubled(fields.Int):
    """Overrides the whole of `deserialize`."""

    def deserialize(self, value, attr=None, data=None, **kwargs):
        if value is marshmallow.missing:
            return 0
        return 2 * super().deserialize(value, attr, data, **kwargs)


class PredictArgs(marshmallow.Schema):
    class Meta:
        ordered = True

    zebra = fields.Str(
        metadata={"description": "Last of the alphabet, first of the arguments"},
        load_default="z",
    )
    model = fields.Str(
        load_default="a (first)",
        validate=validate.OneOf(["a (first)", "b"]),
    )
    options = JsonText(load_default={})
    doubled = Doubled(load_default=0)
    limits = fields.List(
        fields.Float(), validate=validate.Length(equal=2), load_default=[0.0, 1.0]
    )
    classes = fields.List(
        fields.Str(), validate=validate.ContainsOnly(["cat", "dog"]), load_default=[]
    )
    require_typo = fields.Str(require=False, load_default="kept")
    truth = fields.Str(missing=False, enum=[True, False])
    mixed = fields.Str(missing=1, enum=["1", 2, None])
    accept = fields.Str(
        metadata={"location": "headers"},
        validate=validate.OneOf(["application/json"]),
        load_default="application/json",
    )


def get_predict_args():
    return PredictArgs().fields


def predict(**kwargs):
    return described(dict(PredictArgs(unknown=marshmallow.INCLUDE).load({})) | kwargs)
