"""What a model offers, for those who write one.

A model is anything with a `predict`: a module, a class, an instance, or a single
function. Nothing has to be inherited; `Model` is here for editors and type checkers,
and to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

OPERATIONS: Final = ("predict", "train", "validate")

LEGACY_KINDS: Final = frozenset({"v1", "v2"})
"""Models whose arguments become fields of marshmallow, see `deepaas.model.loading`."""

_BATCHED_ATTRIBUTE: Final = "__deepaas_batched__"
_RECOVERY_ATTRIBUTE: Final = "__deepaas_recovery__"

_F = TypeVar("_F", bound=Callable[..., Any])


class Model:
    """A model with all that it may offer; override what yours has.

    Write `predict` with the arguments that *your* model takes, with type hints and
    defaults: they become the HTTP API, its documentation and the command line.

        class Plants(deepaas.Model):
            def warm(self) -> None:
                self.network = load_network()

            def predict(self, photo: PIL.Image.Image, top_k: int = 3) -> list[Label]:
                '''Name the plant on a photo.'''
                return self.network.classify(photo)[:top_k]

    One instance is made in each worker process, lives as long as the process, and
    keeps what its methods put on `self`.
    """

    def warm(self) -> None:
        """Load weights and the like; called once in each worker, before requests.

        May take an argument with the hint `deepaas.Version`, as all operations may.
        """

    def close(self) -> None:
        """Let go of what `warm` took; called when the worker ends in good order."""

    def get_metadata(self) -> dict[str, Any]:
        """Return name, version, description, author, license, url … of the model.

        Without this method the metadata of the installed distribution is used.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """What the author of a batched `predict` asked for.

    Attributes:
        max_size: Most predictions in one call.
        max_delay_ms: Longest time that a prediction waits for company, in ms; 0 means
            that an idle worker takes what is there and batches form while it is busy.
    """

    max_size: int
    max_delay_ms: float


def batched(*, max_size: int, max_delay_ms: float = 0) -> Callable[[_F], _F]:
    """Let `predict` answer several callers in one call.

    The function takes one list and returns a list of the same length. An element of
    the argument is a pydantic model or dataclass whose fields are the API's
    arguments; an element of the result may be an exception, for that caller alone.

        @deepaas.batched(max_size=32)
        def predict(items: list[Item]) -> list[Result]: ...

    Args:
        max_size: Most predictions in one call, at least 1.
        max_delay_ms: Longest time that a prediction waits for company, in ms.

    Raises:
        ValueError: A value is out of range.
    """
    if max_size < 1:
        raise ValueError(f"max_size must be at least 1, not {max_size}")
    if max_delay_ms < 0:
        raise ValueError(f"max_delay_ms must not be negative, not {max_delay_ms}")
    settings = BatchSettings(max_size=max_size, max_delay_ms=max_delay_ms)

    def mark(function: _F) -> _F:
        setattr(function, _BATCHED_ATTRIBUTE, settings)
        return function

    return mark


def batch_settings(function: object) -> BatchSettings | None:
    """Return what `batched` noted on `function`, or None."""
    settings = getattr(function, _BATCHED_ATTRIBUTE, None)
    return settings if isinstance(settings, BatchSettings) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverySettings:
    """What the author of an operation asked for should a job be cut off or fail.

    Attributes:
        is_restartable: Whether a job that the server's end cut off starts again.
        retries: How often a job that failed is tried again.
        retry_delay_s: Seconds before the first of these; each further one waits twice
            as long.
    """

    is_restartable: bool = False
    retries: int = 0
    retry_delay_s: float = 10.0


NO_RECOVERY: Final = RecoverySettings()


def restartable(function: _F) -> _F:
    """Let jobs of an operation start again when the server's end has cut them off.

    Without it they end as `failed`, because nobody but the author knows whether running
    twice does harm. `job.checkpoints` keeps what the cut off attempt has saved.

        @deepaas.restartable
        def train(epochs: int = 20, *, job: deepaas.Job) -> None: ...
    """
    settings = recovery_settings(function)
    setattr(function, _RECOVERY_ATTRIBUTE, replace(settings, is_restartable=True))
    return function


def retried(*, times: int, delay_s: float = 10.0) -> Callable[[_F], _F]:
    """Let jobs of an operation be tried again when they fail.

        @deepaas.retried(times=2, delay_s=30)
        def train(*, job: deepaas.Job) -> None: ...

    Args:
        times: How often, at least 1.
        delay_s: Seconds before the first of these; each further one waits twice as
            long.

    Raises:
        ValueError: A value is out of range.
    """
    if times < 1:
        raise ValueError(f"times must be at least 1, not {times}")
    if delay_s < 0:
        raise ValueError(f"delay_s must not be negative, not {delay_s}")

    def mark(function: _F) -> _F:
        settings = recovery_settings(function)
        changed = replace(settings, retries=times, retry_delay_s=delay_s)
        setattr(function, _RECOVERY_ATTRIBUTE, changed)
        return function

    return mark


def recovery_settings(function: object) -> RecoverySettings:
    """Return what `restartable` and `retried` noted on `function`."""
    settings = getattr(function, _RECOVERY_ATTRIBUTE, None)
    return settings if isinstance(settings, RecoverySettings) else NO_RECOVERY
