"""Where the log goes: standard error or a file, and on demand a buffer.

The access log goes there, too, but past the records of `logging`: a small prediction
costs less than one of those. Its lines are gathered and written many at a time.
"""

from __future__ import annotations

import collections
import logging
import sys
import time
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _json_text
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any, Final

from deepaas.backends.telemetry.lines import (
    JsonFormatter,
    RenderedLines,
    TextFormatter,
    second,
)
from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.settings import LogSettings

DEBUG_BUFFER_BYTES: Final = 1 << 20

_MOST_LINES: Final = 1000
"""Lines that the access log gathers before it writes them unasked."""

_model_output = logging.getLogger("deepaas.output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """Where a server's log goes.

    Attributes:
        access_log: Takes a line for each request, or None if nobody wants them.
        debug_buffer: Keeps the newest part of the log, or None.
    """

    access_log: AccessLog | None
    debug_buffer: DebugBuffer | None

    def flush(self) -> None:
        """Write the access log out."""
        if self.access_log is not None:
            self.access_log.flush()


def configure(settings: LogSettings, *, keep_debug: bool = False) -> Sinks:
    """Send the log of this process where the settings say; may be called again.

    Args:
        settings: Of the log.
        keep_debug: Keep the newest part in memory as well.

    Raises:
        ConfigurationError: The log file cannot be written.
    """
    handler = _open(settings)
    is_json = _is_json(settings, handler)
    handler.setFormatter(JsonFormatter() if is_json else TextFormatter())
    buffer = DebugBuffer(handler.formatter) if keep_debug else None
    _install([handler] if buffer is None else [handler, buffer])
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.getLogger("deepaas").setLevel(level)
    # Libraries tell more than an operator wants to know.
    is_debug = level == logging.DEBUG
    logging.getLogger().setLevel(
        logging.INFO if is_debug else max(level, logging.WARNING)
    )
    is_heard = settings.access and level <= logging.INFO
    access_log = AccessLog(is_json=is_json) if is_heard else None
    return Sinks(access_log=access_log, debug_buffer=buffer)


def log_model_output(model: str, line: str, *, request_id: str = "") -> None:
    """Log a line that a model wrote."""
    _model_output.info("%s", line, extra={"model": model, "request_id": request_id})


class AccessLog:
    """Gathers one line for each request."""

    def __init__(
        self, *, is_json: bool, clock: Callable[[], float] = time.time
    ) -> None:
        """Make an access log.

        Args:
            is_json: Whether lines are JSON objects, or for people.
            clock: Tells the time, in seconds since 1970.
        """
        self._is_json = is_json
        self._clock = clock
        self._second = 0
        self._second_as_text = ""
        self._lines: list[str] = []

    def line(  # noqa: PLR0913 - all of it stands in the line
        self,
        *,
        method: str,
        path: str,
        status: int,
        duration_s: float,
        size_bytes: int,
        request_id: str,
        model: str = "",
    ) -> None:
        """Take the line of one request, whose answer was sent."""
        moment = self._moment()
        quoted = _json_text(path)
        if self._is_json:
            line = (
                f'{{"time": "{moment}Z", "level": "INFO", "logger": "deepaas.access", '
                f'"message": "{method} {quoted[1:-1]} {status}", "method": "{method}", '
                f'"path": {quoted}, "status": {status}, '
                f'"duration_ms": {duration_s * 1000:.3f}, "size_bytes": {size_bytes}, '
                f'"model": {_json_text(model)}, "request_id": "{request_id}"}}'
            )
        else:
            seen = path if quoted == f'"{path}"' else quoted
            took = (
                f"{duration_s:.2f} s"
                if duration_s >= 1
                else f"{duration_s * 1000:.1f} ms"
            )
            line = (
                f"{moment} INFO    access  {method} {seen} {status} {took} "
                f"{size_bytes} B  request={request_id}"
            )
        self._lines.append(line)
        if len(self._lines) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        """Write the lines."""
        if self._lines:
            lines, self._lines = self._lines, []
            logging.getLogger("deepaas").handle(RenderedLines("\n".join(lines)))

    def _moment(self) -> str:
        now = self._clock()
        whole = int(now)
        if whole != self._second:
            self._second = whole
            self._second_as_text = second(whole, is_utc=self._is_json)
        return f"{self._second_as_text}.{int((now - whole) * 1000):03d}"


class DebugBuffer(logging.Handler):
    """Keeps the newest part of the log in memory."""

    def __init__(
        self,
        formatter: logging.Formatter | None = None,
        *,
        max_bytes: int = DEBUG_BUFFER_BYTES,
    ) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._parts: collections.deque[bytes] = collections.deque()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, and let go of the oldest that no longer fit."""
        part = f"{self.format(record)}\n".encode(errors="backslashreplace")
        self._parts.append(part[-self._max_bytes :])
        self._size_bytes += len(self._parts[-1])
        while self._size_bytes > self._max_bytes:
            self._size_bytes -= len(self._parts.popleft())

    def text(self) -> str:
        """Return what is kept."""
        self.acquire()
        try:
            content = b"".join(self._parts)
        finally:
            self.release()
        return content.decode(errors="replace")


def _open(settings: LogSettings) -> logging.StreamHandler[Any]:
    if settings.path is None:
        return logging.StreamHandler(sys.stderr)
    try:
        # Reopens the file when a log rotation has moved it away.
        return WatchedFileHandler(
            settings.path, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise ConfigurationError(
            f"the log file {settings.path} cannot be written "
            f"({error.strerror or error}); choose another with --log-file",
            setting="log.file",
        ) from error


def _is_json(settings: LogSettings, handler: logging.StreamHandler[Any]) -> bool:
    if settings.format == "auto":
        return not handler.stream.isatty()
    return settings.format == "json"


def _install(handlers: list[logging.Handler]) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, TextFormatter | JsonFormatter):
            root.removeHandler(old)
            old.close()
    for new in handlers:
        root.addHandler(new)
