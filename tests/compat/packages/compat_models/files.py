"""Takes files in the ways of published models and says what it got."""
# mypy: ignore-errors
# A published model has no annotations.

import os
import pathlib

from webargs import fields


def get_predict_args():
    return {
        "data": fields.Field(
            required=False, type="file", location="form", description="A file"
        ),
        "image": fields.Raw(
            data_key="img-content",
            metadata={"type": "file", "location": "form", "description": "An image"},
        ),
        "several": fields.List(fields.Field(), type="file", location="form"),
        "comment": fields.Str(missing=""),
        "fail": fields.Bool(missing=False),
    }


def one(upload):
    if not hasattr(upload, "filename"):
        return upload
    path = pathlib.Path(upload.filename)
    return {
        "fields": list(upload._fields),
        "name": upload.name,
        "path": str(path),
        "suffix": path.suffix,
        "mode": oct(path.stat().st_mode & 0o777),
        "content_type": upload.content_type,
        "original_filename": upload.original_filename,
        "size": path.stat().st_size,
        "text": path.read_bytes()[:100].decode("latin-1"),
    }


def predict(**kwargs):
    if kwargs["fail"]:
        raise ValueError(one(kwargs["data"])["path"])
    answer = {"comment": kwargs["comment"]}
    for name in ("data", "image"):
        if name in kwargs:
            answer[name] = one(kwargs[name])
    if "several" in kwargs:
        answer["several"] = [one(upload) for upload in kwargs["several"]]
    answer["folder"] = os.getcwd()  # noqa: PTH109 - as published models do
    return answer
