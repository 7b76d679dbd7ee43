"""Has `accept` in the headers, and looks its value up as published models do."""
# mypy: ignore-errors
# A published model has no annotations.

import json

from webargs import fields, validate

from compat_models import pictures

CONTENT = {
    "application/json": lambda: {"pixels": 1},
    "image/png": lambda: pictures.PNG,
    "text/csv": lambda: "a,b\n1,2\n",
    "application/zip": lambda: b"PK" + json.dumps({}).encode(),
}


def get_predict_args():
    return {
        "accept": fields.Str(
            location="headers", validate=validate.OneOf(list(CONTENT))
        ),
    }


def predict(**kwargs):
    return CONTENT[kwargs["accept"]]()
