"""Has `accept` as the documentation's example writes it: without a location."""
# mypy: ignore-errors
# A published model has no annotations.

from webargs import fields, validate

from compat_models import pictures

schema = {"accepted": fields.Str(), "status": fields.Str()}


def get_predict_args():
    return {
        "accept": fields.Str(
            description="Media type of the answer",
            validate=validate.OneOf(
                ["application/json", "image/png", "application/pdf"]
            ),
        ),
        "how": fields.Str(missing="bytes", enum=list(pictures.WAYS)),
    }


def predict(**kwargs):
    accept = kwargs["accept"]
    if accept == "application/json":
        return {"accepted": accept, "status": "OK"}
    return pictures.WAYS[kwargs["how"]]()
