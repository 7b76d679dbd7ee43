"""Has `accept` with a wildcard among its choices and a default that is not the first.

Its first choice is no JSON: for a caller who accepts anything it answers with bytes.
"""
# mypy: ignore-errors
# A published model has no annotations.

from webargs import fields, validate

from compat_models import pictures


def get_predict_args():
    return {
        "accept": fields.Str(
            metadata={"location": "headers"},
            load_default="application/json",
            validate=validate.OneOf(["image/*", "application/json"]),
        ),
    }


def predict(**kwargs):
    if kwargs["accept"] == "application/json":
        return {"accepted": kwargs["accept"]}
    return pictures.PNG
