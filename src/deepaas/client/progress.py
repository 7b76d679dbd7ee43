"""A progress bar on standard error, for terminals and notebooks."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.client.event_source import JobEvent

_BAR_WIDTH: Final = 20
_EVERY_S: Final = 0.1
_LEAST_FRACTION: Final = 0.01
_WIDTH_OF_NOTEBOOKS: Final = 100


class ProgressBar:
    """One line that changes, and lines that are written above it."""

    def __init__(
        self, label: str, *, is_shown: bool | None = None, stream: TextIO | None = None
    ) -> None:
        """Show nothing yet.

        Args:
            label: What stands before the bar.
            is_shown: Whether there is a bar; None asks whether somebody can see it.
            stream: Where it is; standard error if None.
        """
        self._stream = stream or sys.stderr
        self._is_shown = _is_seen(self._stream) if is_shown is None else is_shown
        self._label = label
        self._began = time.monotonic()
        self._drawn = ""
        self._drawn_at = 0.0
        self._fraction: float | None = None
        self._message = ""
        self._metrics: dict[str, float | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def update(
        self,
        fraction: float | None = None,
        message: str = "",
        metrics: Mapping[str, float | None] | None = None,
    ) -> None:
        """Show how far it is, or other metrics."""
        if fraction is not None:
            self._fraction, self._message = fraction, message
        self._metrics |= metrics or {}
        now = time.monotonic()
        if now - self._drawn_at >= _EVERY_S or fraction == 1:
            self._drawn_at = now
            self._draw()

    def write(self, line: str) -> None:
        """Write a line above the bar."""
        self._erase()
        self._stream.write(f"{line}\n")
        if self._is_shown and self._fraction is not None:
            self._draw()
        self._stream.flush()

    def close(self) -> None:
        """Leave the bar as it is, and the next line to others."""
        if self._is_shown and self._fraction is not None:
            self._draw()
            self._stream.write("\n")
            self._stream.flush()
            self._drawn = ""

    def hide(self) -> None:
        """Take the bar away, so that somebody else can write."""
        self._erase()
        self._stream.flush()

    def _draw(self) -> None:
        if not self._is_shown or self._fraction is None:
            return
        text = bar_text(
            self._label,
            fraction=self._fraction,
            message=self._message,
            metrics=self._metrics,
            elapsed_s=time.monotonic() - self._began,
        )[: _width(self._stream) - 1]
        self._stream.write(f"\r{text.ljust(len(self._drawn))}")
        self._stream.flush()
        self._drawn = text

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\r{' ' * len(self._drawn)}\r")
            self._drawn = ""


def show_event(event: JobEvent, bar: ProgressBar, *, with_log: bool) -> None:
    """Show what happened to a job."""
    data = event.data
    if event.kind == "progress":
        bar.update(data.get("fraction"), str(data.get("message", "")))
    elif event.kind == "metrics":
        bar.update(metrics=data.get("metrics", {}))
    elif event.kind == "log" and with_log:
        bar.write(str(data.get("line", "")))


def metric_texts(metrics: Mapping[str, Any]) -> list[str]:
    """Return metrics as people read them, one text for each; None is NaN."""
    return [
        f"{name} {'NaN' if value is None else f'{value:.4g}'}"
        for name, value in metrics.items()
    ]


def bar_text(
    label: str,
    *,
    fraction: float,
    message: str,
    metrics: Mapping[str, Any],
    elapsed_s: float,
) -> str:
    """Return the line: a bar, how much, what, how long still."""
    done = min(max(fraction, 0.0), 1.0)
    full = int(done * _BAR_WIDTH)
    bar = "█" * full + "░" * (_BAR_WIDTH - full)
    left = (
        f"{_clock(elapsed_s / done - elapsed_s)} left"
        if _LEAST_FRACTION <= done < 1
        else _clock(elapsed_s)
    )
    parts = [f"{label} {bar} {done:4.0%}", message, *metric_texts(metrics), left]
    return "  ".join(one for one in parts if one)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _is_seen(stream: TextIO) -> bool:
    """Return whether a line that changes can be seen: by a person, or in a notebook."""
    return stream.isatty() or "ipykernel" in sys.modules


def _width(stream: TextIO) -> int:
    if stream.isatty():
        return shutil.get_terminal_size().columns
    return _WIDTH_OF_NOTEBOOKS
