"""Models at a server, from Python: `Client`, or `AsyncClient` beside an event loop.

    client = deepaas.Client("http://127.0.0.1:5000")
    client.predict("plants", photo="rose.jpg")
    job = client.train("plants", epochs=20)
    job.wait(progress=True)
    job.download("weights.pt", "weights.pt")

A job is known by its id and lives at the server: the client may go and come back.
Names are loaded on first use, because the HTTP library takes a noticeable time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepaas.client.aio import AsyncClient as AsyncClient
    from deepaas.client.aio import AsyncRemoteJob as AsyncRemoteJob
    from deepaas.client.blocking import Client as Client
    from deepaas.client.blocking import RemoteJob as RemoteJob

__all__ = ["AsyncClient", "AsyncRemoteJob", "Client", "RemoteJob"]

_HOMES = {
    "AsyncClient": "deepaas.client.aio",
    "AsyncRemoteJob": "deepaas.client.aio",
    "Client": "deepaas.client.blocking",
    "RemoteJob": "deepaas.client.blocking",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used (PEP 562)."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(
            f"module 'deepaas.client' has no attribute {name!r}"
        ) from None
    return getattr(importlib.import_module(home), name)
