"""Calls the functions of a V1 model as the server of their time did.

There were two ways. 0.1 to 0.4 gave `predict_data` a list of contents, and
`predict_url` a list of addresses. 0.5 brought `get_test_args`, and gave both one dict
of all arguments, with `files` or `urls` among them. So a model with `get_test_args`
gets the dict, whatever its parameter is called: in the base class of 0.5.0 that was
still `data`. Any other model is told by the name of its first parameter: the dict is
called `args` or the like, and a list has the name of what is in it (`images`, `urls`).
"""

from __future__ import annotations

import functools
import importlib
import inspect
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, Final

from deepaas.errors import ModelHttpError, OperationNotImplementedError
from deepaas.model.v1.base import offered
from deepaas.model.v1.uploads import Content, FileStorage
from deepaas.model.v2.wrapper import UploadedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

DATA: Final = "data"
URL: Final = "url"

_NAMES_OF_THE_DICT: Final = frozenset(
    {"arg", "args", "arguments", "conf", "config", "kwargs", "params", "parameters"}
)
"""Also behind an underscore: `user_conf`."""

_NOT_IMPLEMENTED: Final = 501
_NAMED: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


class Arguments(dict[str, Any]):
    """All arguments of a call; keys are attributes too, as Flask-RESTPlus had it."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Items(list[Any]):
    """What a call is about: contents or addresses.

    Some packages took it for the dict that came later, so it has the arguments by name.
    """

    def __init__(self, items: Iterable[Any], *, arguments: Arguments) -> None:
        super().__init__(items)
        self._arguments = arguments

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, str):
            return self._arguments[place]
        return super().__getitem__(place)

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or the default."""
        return self._arguments.get(name, default)


class PredictCall:
    """Calls `predict_data` or `predict_url`, as the arguments want it."""

    def __init__(self, target: Any, *, model: str) -> None:
        self._functions = {
            DATA: offered(target, "predict_data"),
            URL: offered(target, "predict_url"),
        }
        self._has_test_args = offered(target, "get_test_args") is not None
        self._model = model

    @property
    def functions(self) -> list[Callable[..., Any]]:
        """Those that the model has."""
        return [one for one in self._functions.values() if one is not None]

    def __call__(self, /, **values: Any) -> Any:
        """Return what the model makes of the arguments."""
        data, urls = values.pop(DATA), values.pop(URL)
        function = self._functions[URL if urls else DATA]
        if function is None:
            raise OperationNotImplementedError(self._model, "predict")
        with ExitStack() as opened:
            files = [] if urls else _opened([data], opened)
            own = _opened(values, opened)
            arguments = Arguments(own, files=files or None, urls=urls)
            if self._takes_arguments(function):
                return _call(function, arguments)
            items = urls or map(Content.of, files)
            return _call(function, Items(items, arguments=arguments))

    def _takes_arguments(self, function: Callable[..., Any]) -> bool:
        if self._has_test_args:
            return True
        first = next(iter(_parameters(function)), None)
        if first is None or first.kind not in _NAMED:
            return False
        return first.name.rpartition("_")[2] in _NAMES_OF_THE_DICT


class TrainCall:
    """Calls `train` with one dict of all arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, /, **values: Any) -> Any:
        """Return what the model returns."""
        with ExitStack() as opened:
            arguments = Arguments(_opened(values, opened))
            if _parameters(self.function):
                return _call(self.function, arguments)
            return _call(self.function)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function as a call sees them."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def _opened(value: Any, opened: ExitStack) -> Any:
    """Return a value with the files in it open, until the call is over."""
    if isinstance(value, UploadedFile):
        file = FileStorage(value)
        opened.callback(file.close)
        return file
    if isinstance(value, dict):
        return {name: _opened(part, opened) for name, part in value.items()}
    if isinstance(value, list):
        return [_opened(part, opened) for part in value]
    return value


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        with _flask_context():
            return function(*arguments)
    except NotImplementedError as error:
        raise ModelHttpError(
            str(error) or "Model does not implement this functionality",
            status=_NOT_IMPLEMENTED,
        ) from error


def _flask_context() -> AbstractContextManager[Any]:
    """Return what Flask's functions, such as `send_file`, need around them.

    0.5 called models within a request of Flask.
    """
    app = _flask_app()
    return nullcontext() if app is None else app.test_request_context()


@functools.cache
def _flask_app() -> Any:
    """Return an application of Flask, or None where that is not installed."""
    try:
        return importlib.import_module("flask").Flask("deepaas")
    except ImportError:
        return None
