"""Where callers see this API: what a proxy in front puts before its paths.

A proxy may pass a path on as it is, or take its own part away; both are understood, and
what links lead to is the same.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from deepaas.frontends.api import answers

if TYPE_CHECKING:
    from deepaas.frontends.api.answers import Scope

root_path: ContextVar[str] = ContextVar("root_path", default="")
"""What stands before all paths for the caller of this request, such as `/a/b`."""

_SEGMENT: Final = r"[A-Za-z0-9._~!$&'()*+;=:@%-]+"
_PREFIX: Final = re.compile(rf"(?:/{_SEGMENT})*")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(?::\d+)?|\[[0-9a-fA-F:.]+\](?::\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Knows what stands before paths.

    Attributes:
        base_path: Stands before all paths of requests, or else nothing is there.
        prefix: A proxy's part, before that, as addresses are written; requests may
            have it or not.
        trusts_proxy: Whether a proxy's headers are believed.
    """

    base_path: str
    prefix: str = ""
    trusts_proxy: bool = False

    def locate(self, scope: Scope) -> str:
        """Take a proxy's part away from the path of a request, and return it.

        The host that callers know takes the place of the one that the proxy asked.
        """
        prefix = self.prefix
        if self.trusts_proxy:
            prefix = _forwarded_prefix(scope) or prefix
            _take_forwarded_host(scope)
        path: str = scope["path"]
        known = unquote(prefix)  # as the path is
        if known and (path == known or path.startswith(known + "/")):
            scope["path"] = path.removeprefix(known) or "/"
        return prefix


def _forwarded_prefix(scope: Scope) -> str:
    """Return what proxies have taken away, the outer one first; empty if it is odd."""
    given = answers.header(scope, b"x-forwarded-prefix")
    prefix = "".join(part.strip().rstrip("/") for part in given.split(","))
    return prefix if _PREFIX.fullmatch(prefix) else ""


def _take_forwarded_host(scope: Scope) -> None:
    given = answers.header(scope, b"x-forwarded-host")
    host = given.partition(",")[0].strip()
    if _HOST.fullmatch(host):
        others = [one for one in scope["headers"] if one[0] != b"host"]
        scope["headers"] = [(b"host", host.encode("ascii")), *others]
