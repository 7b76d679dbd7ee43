"""OpenWhisk's invoker, as an action's container sees it."""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARKER = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"


class Activation(NamedTuple):
    """What came of a request: the answer, and what was printed meanwhile."""

    status: int
    result: Any
    out: list[str]
    err: list[str]

    @property
    def markers(self) -> tuple[int, int]:
        """How often the log was ended, on each stream."""
        return self.out.count(MARKER), self.err.count(MARKER)


class Container:
    """A container of an action, and what the platform asks of it.

    Attributes:
        process: The server.
        client: Asks it.
    """

    def __init__(
        self,
        folder: Path,
        *models: str | Path,
        options: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        port = free_port()
        address = ("--listen-ip", "127.0.0.1", "--listen-port", str(port))
        self.process = ServerProcess(
            [
                *(
                    sys.executable,
                    "-c",
                    "from deepaas.cli.run import *; sys.exit(main())",
                ),
                *("--openwhisk", *address, *options, *models),
            ],
            port=port,
            folder=folder,
            environment=environment,
        )
        self.client = httpx2.Client(base_url=self.process.url, timeout=50)
        self._read = [0, 0]
        self.process.wait_until_ready("/livez")

    def post(self, path: str, content: bytes | str) -> Activation:
        """Send a request, and read what was printed until its answer came."""
        answer = self.client.post(path, content=content)
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert "transfer-encoding" not in answer.headers
        is_json = answer.headers["content-type"] == "application/json"
        result = answer.json() if is_json else answer.text
        out, err = self._printed()
        return Activation(answer.status_code, result, out, err)

    def init(self, value: Any = None, **env: str) -> Activation:
        """Initialize the action."""
        value = {"name": "echo", "main": "main", "env": env} if value is None else value
        return self.post("/init", json.dumps({"value": value}))

    def run(self, value: Any, **context: str) -> Activation:
        """Activate the action."""
        return self.post("/run", json.dumps({"value": value, **context}))

    def web(self, method: str, path: str, **value: Any) -> Any:
        """Activate it as a raw web action, and return its answer."""
        body = value.pop("body", b"")
        raw = {
            "__ow_method": method,
            "__ow_path": path,
            "__ow_headers": value.pop("headers", {}),
            "__ow_query": value.pop("query", ""),
            "__ow_body": base64.b64encode(body).decode(),
        }
        activation = self.run({**raw, **value})
        assert (200, (1, 1)) == (activation.status, activation.markers)
        return activation.result

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *error: object) -> None:
        """End it; it must end well."""
        self.client.close()
        assert 0 == self.process.stop(), self.process.output

    def _printed(self) -> tuple[list[str], list[str]]:
        lines = []
        for index, file in enumerate((self.process.stdout, self.process.stderr)):
            content = file.read_bytes()
            lines.append(content[self._read[index] :].decode().splitlines())
            self._read[index] = len(content)
        return lines[0], lines[1]


def in_ms(seconds: float) -> str:
    """Return a deadline as the platform says it."""
    return str(int((time.time() + seconds) * 1000))
