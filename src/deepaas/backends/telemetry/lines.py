"""Turns log records into lines: for people, or as JSON for programs.

One event is one line, whatever a caller or a model wrote: control characters are
escaped, so nobody can forge a line or speak to the reader's terminal. The exception is
a traceback for people, which follows its line, each of its lines behind a bar. What
looks like a password, a token or a cookie is left out.
"""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters but the tab, line separators, direction marks, half characters."""

_NAMES_SECRET: Final = re.compile(
    r"(?:^|[._-])(?:authorization|cookie|api[_-]?key|passw(?:or)?d|token|secret)$",
    re.IGNORECASE,
)
_MAY_HOLD_SECRET: Final = re.compile(
    "cookie|auth|key|passw|token|secret|bearer", re.IGNORECASE
)
_SECRETS: Final = (
    re.compile(r"""(\bcookie["']?\s*[:=]\s*["']?)[^"'\r\n]+""", re.IGNORECASE),
    re.compile(
        r"""(\b(?:authorization|x-api-key|api[_-]?key|passw(?:or)?d)["']?\s*[:=]\s*["']?
        (?:(?:basic|bearer|digest|negotiate)\s+)?)[^\s"',;&]+""",
        re.IGNORECASE | re.VERBOSE,
    ),
    # Models print `token: cat`; only what is long enough to be a key is left out.
    re.compile(
        r"""(\b(?:\w+[_-])?(?:token|secret)["']?\s*[:=]\s*["']?|\bbearer\s+)
        [\w.+/~=-]{16,}""",
        re.IGNORECASE | re.VERBOSE,
    ),
)
_HIDDEN: Final = "***"

_STANDARD: Final = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
"""What every record has (uvicorn adds a coloured message); the rest are extras."""


class RenderedLines(logging.LogRecord):
    """Whole lines, ready to be written."""

    def __init__(self, lines: str) -> None:
        super().__init__("deepaas.access", logging.INFO, "", 0, lines, (), None)


class TextFormatter(logging.Formatter):
    """Lines for people: time, level, model or logger, message, extras."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the lines of a traceback if there is one."""
        if isinstance(record, RenderedLines):
            return str(record.msg)
        extras = dict(_extras(record))
        who = extras.pop("model", "") or record.name.removeprefix("deepaas.")
        request_id = extras.pop("request_id", "")
        if request_id:
            extras["request"] = request_id
        traceback = extras.pop("traceback", "") or _traceback(record)
        moment = _moment(record.created, is_utc=False)
        words = [
            f"{moment} {record.levelname:<7} {escape(who)}",
            escape(redact(record.getMessage())),
            *(f"{name}={_quote(value)}" for name, value in extras.items()),
        ]
        return "  ".join(words) + _behind_a_bar(traceback)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        if isinstance(record, RenderedLines):
            return str(record.msg)
        content = {
            "time": f"{_moment(record.created, is_utc=True)}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
            **dict(_extras(record)),
        }
        traceback = _traceback(record)
        if traceback:
            content["traceback"] = redact(traceback)
        return json.dumps(content, default=str)


def escape(text: str) -> str:
    """Return the text as one line of visible characters."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(_escape_one, text)


def redact(text: str) -> str:
    """Leave out what looks like a password, a token or a cookie."""
    if not _MAY_HOLD_SECRET.search(text):
        return text
    for secret in _SECRETS:
        text = secret.sub(rf"\1{_HIDDEN}", text)
    return text


def second(seconds: float, *, is_utc: bool) -> str:
    """Return a time without its fraction: UTC for programs, local for people."""
    if is_utc:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _moment(seconds: float, *, is_utc: bool) -> str:
    return f"{second(seconds, is_utc=is_utc)}.{int(seconds % 1 * 1000):03d}"


def _escape_one(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _extras(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """Yield what the caller added, but what is empty."""
    for name, value in record.__dict__.items():
        if name not in _STANDARD and value not in ("", None):
            hidden = _NAMES_SECRET.search(name)
            text = redact(value) if isinstance(value, str) else value
            yield name, _HIDDEN if hidden else text


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return logging.Formatter().formatException(record.exc_info)


def _quote(value: Any) -> str:
    text = escape(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text else text


def _behind_a_bar(traceback: str) -> str:
    return "".join(f"\n    | {escape(line)}" for line in redact(traceback).splitlines())
