"""Trains, or fails to, as it is asked."""
# mypy: ignore-errors
# A published model has no annotations, and marshmallow's keywords are deprecated.

import os
import threading

from webargs import fields, validate


def get_train_args():
    return {
        "mode": fields.Str(missing="ok"),
        "epochs": fields.Int(missing=2, validate=validate.Range(min=1)),
        "when": fields.Date(),
        "data": fields.Field(missing=None, type="file", location="form"),
    }


def train(**kwargs):
    mode = kwargs["mode"]
    if mode == "fail":
        raise RuntimeError("train failed")
    if mode == "set":
        return {"anna"}
    if mode == "hang":
        threading.Event().wait(600)
    if mode == "artifact":
        folder = os.environ["DEEPAAS_ARTIFACTS_DIR"]
        with open(os.path.join(folder, "weights"), "w") as file:  # noqa: PTH118, PTH123 - as they write
            file.write("w")
    if kwargs["data"] is not None:
        with open(kwargs["data"].filename) as file:  # noqa: PTH123 - as they write
            return {"read": file.read()}
    return {"ok": True, "epochs": kwargs["epochs"]}


def get_predict_args():
    return {}


def predict(**kwargs):
    folder = os.environ.get("DEEPAAS_VERSION_DIR", "")
    return sorted(os.listdir(folder)) if folder else []  # noqa: PTH208 - as they write
