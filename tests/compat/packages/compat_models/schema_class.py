"""Describes its answer with a class, as the advanced template does."""
# mypy: ignore-errors
# A published model has no annotations.

import marshmallow
from webargs import fields


class LabelsSchema(marshmallow.Schema):
    labels = fields.List(fields.Str(), required=True)
    probabilities = fields.List(fields.Float())


schema = LabelsSchema


def get_predict_args():
    return {
        "labels": fields.List(fields.Str(), missing=["cat"]),
        "forget": fields.Bool(missing=False),
    }


def predict(**kwargs):
    if kwargs["forget"]:
        return {"probabilities": [1.0]}
    return {"labels": kwargs["labels"], "probabilities": [0.5] * len(kwargs["labels"])}
