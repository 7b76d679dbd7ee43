"""Has an `accept` at which 2.6.0 dies: its choices are a tuple, in a list."""
# mypy: ignore-errors
# A published model has no annotations.

from webargs import fields, validate

from compat_models import pictures


def get_predict_args():
    choices = validate.OneOf(("application/json", "image/png"))
    return {"accept": fields.Str(missing="application/json", validate=[choices])}


def predict(**kwargs):
    if kwargs["accept"] == "image/png":
        return pictures.PNG
    return {"accepted": kwargs["accept"]}
