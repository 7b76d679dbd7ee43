"""Has required arguments of several kinds."""
# mypy: ignore-errors
# A published model has no annotations.

from webargs import fields, validate


def get_predict_args():
    return {
        "name": fields.Str(required=True, description="Who it is"),
        "count": fields.Int(required=True),
        "kind": fields.Str(missing="a", validate=validate.OneOf(["a", "b"])),
    }


def predict(**kwargs):
    return kwargs
