"""Describes its answer with a dict of fields, as the demo application does."""
# mypy: ignore-errors
# A published model has no annotations.

import datetime

from webargs import fields

schema = {
    "status": fields.Str(description="OK or error"),
    "message": fields.Str(),
    "predictions": fields.Field(description="The answer"),
    "count": fields.Int(),
}

ANSWERS = {
    "good": {"status": "OK", "predictions": [1, 2]},
    "partly": {"status": "OK"},
    "loose": {"status": "OK", "count": "4"},
    "wrong": {"status": "OK", "count": "four"},
    "unknown": {"status": "OK", "surprise": 1},
    "text": "no object",
    "date": {"status": "OK", "predictions": datetime.date(2024, 1, 2)},
}


def get_predict_args():
    return {"answer": fields.Str(missing="good", enum=list(ANSWERS))}


def predict(**kwargs):
    return ANSWERS[kwargs["answer"]]
