"""The pytest fixture `deepaas_server`; pytest finds it by an entry point.

This module is imported in every run of pytest where DEEPaaS is installed, so it imports
the rest of us only when the fixture is used.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from deepaas.testing.server import Server


@pytest.fixture
def deepaas_server() -> Iterator[Callable[..., Server]]:
    """Start `deepaas serve` with models and options; it ends with the test.

    def test_the_service(deepaas_server):
        server = deepaas_server("plants.py")
        answer = httpx.get(f"{server.url}/v2/models/")
    """
    from deepaas.testing.server import Server

    with ExitStack() as running:

        def start(*words: str | os.PathLike[str], **how: Any) -> Server:
            return running.enter_context(Server(*words, **how))

        yield start
