"""The base class of DEEPaaS 2.x. New models need none; see `deepaas.Model`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class BaseModel(ABC):
    """What a 2.x model offers; deriving from it is optional.

    Attributes:
        schema: A dict of marshmallow fields or a `marshmallow.Schema` class that
            describes what `predict` returns. With it the answer is that value itself,
            without it `{"status": "OK", "predictions": ...}`.
    """

    schema: ClassVar[Any] = None

    @abstractmethod
    def get_metadata(self) -> dict[str, Any]:
        """Return name, version, author, license, description, url … of the model."""
        raise NotImplementedError

    @abstractmethod
    def warm(self) -> None:
        """Load weights and the like; called once in each worker, before requests."""
        raise NotImplementedError

    @abstractmethod
    def get_predict_args(self) -> dict[str, Any]:
        """Return the arguments of `predict` as marshmallow fields, by name."""
        raise NotImplementedError

    @abstractmethod
    def predict(self, **kwargs: Any) -> Any:
        """Return a prediction for the arguments that `get_predict_args` describes."""
        raise NotImplementedError

    @abstractmethod
    def get_train_args(self) -> dict[str, Any]:
        """Return the arguments of `train` as marshmallow fields, by name."""
        raise NotImplementedError

    @abstractmethod
    def train(self, **kwargs: Any) -> Any:
        """Train with the arguments that `get_train_args` describes."""
        raise NotImplementedError
