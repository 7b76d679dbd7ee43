"""Can be trained and cannot predict."""
# mypy: ignore-errors
# A published model has no annotations.

from webargs import fields


def get_train_args():
    return {"epochs": fields.Int(missing=1)}


def train(**kwargs):
    return {"trained": kwargs["epochs"]}


def get_predict_args():
    return {"number": fields.Int(required=True)}
