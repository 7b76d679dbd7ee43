"""Takes an argument of every kind and answers with what it got."""
# mypy: ignore-errors
# A published model has no annotations, and marshmallow's keywords are deprecated.

from marshmallow import Schema
from webargs import fields, validate

from compat_models.describing import described


class Point(Schema):
    x = fields.Int(required=True)
    label = fields.Str()


def get_metadata():
    return {
        "name": "Probe",
        "author": "Ada",
        "author-email": "ada@example.org",
        "license": "MIT",
        "version": "1.2.3",
        "url": "http://example.org",
        "description": "A model that answers with its arguments",
        "extra": [1, {"deep": True}],
    }


def get_predict_args():
    return {
        "text": fields.Str(missing="foo", enum=["foo", "bar"], description="A text"),
        "integer": fields.Int(missing=7, description="An integer"),
        "number": fields.Float(load_default=0.5, metadata={"description": "A float"}),
        "flag": fields.Bool(missing=False),
        "nullable": fields.Str(missing=None),
        "absent": fields.Str(required=False),
        "integers": fields.List(fields.Int(), missing=[]),
        "texts": fields.List(fields.Str()),
        "delimited": fields.DelimitedList(fields.Int()),
        "mapping": fields.Dict(missing={}),
        "nested": fields.Nested(Point),
        "date": fields.Date(),
        "moment": fields.DateTime(),
        "identifier": fields.UUID(),
        "address": fields.Url(),
        "choice": fields.Str(validate=validate.OneOf(["red", "green"])),
        "ranged": fields.Int(validate=validate.Range(min=1, max=10)),
        "measured": fields.Str(validate=[validate.Length(min=2, max=4)]),
        "secret": fields.Str(format="password"),
        "renamed": fields.Str(data_key="wire-name"),
        "header": fields.Str(data_key="X-Probe", location="headers"),
        "cookie": fields.Str(location="cookies"),
        "only_query": fields.Str(location="query"),
        "only_form": fields.Str(location="form"),
        "only_json": fields.Str(metadata={"location": "json"}),
    }


def predict(**kwargs):
    return described(kwargs)


def get_train_args():
    return {
        "epochs": fields.Int(required=True, validate=validate.Range(min=1)),
        "rate": fields.Float(missing=0.1),
    }


def train(**kwargs):
    return described(kwargs)
