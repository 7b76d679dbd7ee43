"""Has all that 2.6.0's command line needs, which dies of a missing `get_train_args`."""
# mypy: ignore-errors
# A published model has no annotations.

import pathlib

from webargs import fields, validate

from compat_models import errors, pictures
from compat_models.describing import described


def get_metadata():
    return {"name": "Command", "version": "9"}


def get_predict_args():
    return {
        "text": fields.Str(missing="foo", description="A text"),
        "integer": fields.Int(missing=7),
        "number": fields.Float(missing=0.5),
        "flag": fields.Bool(missing=False),
        "integers": fields.List(fields.Int(), missing=[]),
        "mapping": fields.Dict(missing={}),
        "choice": fields.Str(
            missing="red", validate=validate.OneOf(["red", "green"]), enum=["red"]
        ),
        "renamed": fields.Str(missing="", data_key="wire-name"),
        "data": fields.Field(missing=None, type="file", location="form"),
        "accept": fields.Str(
            location="headers",
            missing="application/json",
            validate=validate.OneOf(["application/json", "image/png"]),
        ),
        "how": fields.Str(missing="", enum=list(pictures.WAYS)),
        "fail": fields.Str(missing="", enum=list(errors.WAYS)),
    }


def predict(**kwargs):
    if kwargs["fail"]:
        errors.WAYS[kwargs["fail"]]()
    if kwargs["how"]:
        return pictures.WAYS[kwargs["how"]]()
    upload = kwargs.pop("data")
    if upload:
        return {
            "name": upload.name,
            "content_type": upload.content_type,
            "original_filename": upload.original_filename,
            "is_a_copy": upload.filename != upload.original_filename,
            "text": pathlib.Path(upload.filename).read_text(encoding="utf-8"),
        }
    return described(kwargs)


def warm():
    print("warming")  # noqa: T201 - the test looks for it


def get_train_args():
    return {
        "epochs": fields.Int(required=True),
        "rate": fields.Float(missing=0.1),
        "fail": fields.Bool(missing=False),
    }


def train(**kwargs):
    if kwargs["fail"]:
        raise RuntimeError("diverged")
    return {"trained": kwargs["epochs"]}
