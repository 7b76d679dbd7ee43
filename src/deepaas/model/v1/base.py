"""The base class of DEEPaaS 0.x and 1.x. New models need none; see `deepaas.Model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class BaseModel:
    """What a V1 model may offer; deriving from it is optional.

    What a model does not override counts as not there.
    """

    def get_metadata(self) -> dict[str, Any]:
        """Return name, version, author, license, description, url … of the model."""
        raise NotImplementedError

    def get_test_args(self) -> dict[str, dict[str, Any]]:
        """Return the arguments of predictions: default, help and required, by name."""
        raise NotImplementedError

    def get_train_args(self) -> dict[str, dict[str, Any]]:
        """Return the arguments of trainings: default, help and required, by name."""
        raise NotImplementedError

    def predict_data(self, args: dict[str, Any]) -> Any:
        """Return a prediction for the file in `args["files"]`."""
        raise NotImplementedError

    def predict_url(self, args: dict[str, Any]) -> Any:
        """Return a prediction for what is at the addresses in `args["urls"]`."""
        raise NotImplementedError

    def predict_file(self, path: str) -> Any:
        """Return a prediction for a file of this machine; no server calls it."""
        raise NotImplementedError

    def train(self, *args: Any) -> Any:
        """Train with the arguments that `get_train_args` describes."""
        raise NotImplementedError


def offered(target: Any, name: str) -> Callable[..., Any] | None:
    """Return a function that a V1 model offers, or None."""
    function: Callable[..., Any] | None = getattr(target, name, None)
    is_inherited = getattr(function, "__func__", None) is getattr(BaseModel, name)
    return None if is_inherited or not callable(function) else function
