"""A class as entry point (2.6.0 dies of it), derived from 2.x's own base class."""
# mypy: ignore-errors
# A published model has no annotations.

from webargs import fields

from deepaas.model.v2.base import BaseModel

answer = {"calls": fields.Int(), "weights": fields.Str(), "step": fields.Int()}


class Counter(BaseModel):
    """Keeps on `self` what `warm` and earlier calls put there."""

    schema = answer

    def __init__(self):
        self.calls = 0
        self.weights = "none"

    def get_metadata(self):
        return super().get_metadata()

    def warm(self):
        self.weights = "loaded"

    def get_predict_args(self):
        return {"step": fields.Int(missing=1)}

    def predict(self, **kwargs):
        self.calls += kwargs["step"]
        return {"calls": self.calls, "weights": self.weights, "step": kwargs["step"]}

    def get_train_args(self):
        return super().get_train_args()

    def train(self, **kwargs):
        return super().train(**kwargs)


class Simple:
    """The same as an instance, without a base class."""

    def get_predict_args(self):
        return {"word": fields.Str(missing="hello")}

    def predict(self, word):
        return word.upper()


instance = Simple()
