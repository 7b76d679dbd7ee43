"""Checks for whom a request believes it speaks to (the Host header).

A server on loopback is reachable by every page that the user's browser shows: with a
name of the attacker's that leads to 127.0.0.1 (DNS rebinding), the page may even read
the answers. Refusing foreign names ends that.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepaas.frontends.api.answers import Header

ANY_HOST: Final = "*"
"""Among the allowed hosts: do not check."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class HostCheck:
    """Knows the names that this server answers to."""

    def __init__(self, *, listen_ip: str, allowed_hosts: Iterable[str]) -> None:
        allowed = {name.lower() for name in allowed_hosts}
        self._names = frozenset({*_LOOPBACK, _as_host(listen_ip), *allowed})

    def allows(self, headers: Iterable[Header]) -> bool:
        """Tell whether the headers of a request name this server, once."""
        hosts = [value for name, value in headers if name == b"host"]
        return len(hosts) == 1 and _without_port(hosts[0]) in self._names


def is_loopback(address: str) -> bool:
    """Tell whether a server that listens here is reachable from this machine only."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _as_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address.lower()


@functools.lru_cache(maxsize=64)
def _without_port(host: bytes) -> str:
    text = host.decode("latin-1").strip().lower()
    name, separator, port = text.rpartition(":")
    if separator and not name.endswith(":") and port.isdigit() and "]" not in port:
        return name
    return text
