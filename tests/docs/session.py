"""Does what a page says, block by block, as its reader would.

- `python`: a block whose first line is a comment with a file name, such as
  `# plants.py`, is written into that file; any other is run as a script.
- `console`: each line that begins with `$ ` is run by bash; the lines below it are
  what it prints, where `...` stands for anything. It must succeed. A command that
  serves models keeps running, ready, until the page serves others or ends.
- `toml`, `yaml`, `ini`, `dockerfile`: written, like `python` with a file name.
- `json`: must be JSON.
- `text`: a picture of something, for people only.

All blocks of a page share one folder, in which `examples/` is ours. What they install
with pip goes into that folder, without its dependencies, which are there already. Port
5000 stands for a free port, so that pages can be tested side by side.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.blocks import Block, Command, commands_of, matches
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]

_FILE_NAME = re.compile(r"# (?P<name>[\w./-]+\.\w+|Dockerfile)\n")
_SERVES = re.compile(r"(\w+=\S+ )*(deepaas serve|deepaas-run)\b")

_COMMAND_TIMEOUT_S = 50
_READY_TIMEOUT_S = 120


class Session:
    """The terminal and the folder of somebody who follows a page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.server: ServerProcess | None = None
        self.environment = self._make_environment()
        (folder / "examples").symlink_to(REPOSITORY / "examples")

    def _make_environment(self) -> dict[str, str]:
        """Return an environment of its own, in which curl shows no progress meter."""
        (self.folder / ".curlrc").write_text("silent\nshow-error\n")
        programs = Path(sys.executable).parent
        return {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "DEEPAAS_SERVER__LISTEN_PORT": str(self.port),
            "PIP_TARGET": str(self.folder / "site"),
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_QUIET": "1",
            "PYTHONPATH": str(self.folder / "site"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "88",
        }

    def run(self, block: Block) -> None:
        """Do what `block` says; raise AssertionError if it does not work."""
        actions: dict[str, Callable[[Block], None]] = {
            "python": self._python,
            "console": self._console,
            "toml": self._write,
            "yaml": self._write,
            "ini": self._write,
            "dockerfile": self._write,
            "json": lambda block: json.loads(block.text),
            "text": lambda _: None,
        }
        assert block.language in actions, f"no rule for {block.language!r} blocks"
        actions[block.language](block)

    def _python(self, block: Block) -> None:
        if _FILE_NAME.match(block.text):
            self._write(block)
            return
        script = self.folder / ".script.py"
        script.write_text(self._with_port(block.text))
        done = self._bash(f"{sys.executable} {script}")
        assert 0 == done.returncode, done.stdout

    def _write(self, block: Block) -> None:
        match = _FILE_NAME.match(block.text)
        assert match, "the first line does not name a file"
        path = self.folder / match["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def _console(self, block: Block) -> None:
        commands = commands_of(block)
        assert commands, "no line begins with '$ '"
        for command in commands:
            if _SERVES.match(command.line):
                self._serve(command)
            else:
                self._once(command)

    def _once(self, command: Command) -> None:
        done = self._bash(self._with_port(command.line))
        assert 0 == done.returncode, f"$ {command.line}\n{done.stdout}"
        if command.output:
            self._compare(command, done.stdout)

    def _bash(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )

    def _serve(self, command: Command) -> None:
        """Start a server in place of the one before, and wait until it is ready."""
        self.close()
        self.server = ServerProcess(
            ["bash", "-c", self._with_port(command.line)],
            port=self.port,
            folder=self.folder,
            environment=self.environment,
        )
        self.server.wait_until_ready("/readyz", within_s=_READY_TIMEOUT_S)
        if command.output:
            self._compare(command, self.server.output)

    def _compare(self, command: Command, printed: str) -> None:
        expected = self._with_port(command.output)
        assert matches(expected, printed), (
            f"$ {command.line}\n"
            f"--- the page says\n{expected}\n--- it printed\n{printed}"
        )

    def _with_port(self, text: str) -> str:
        return re.sub(r"\b5000\b", str(self.port), text)

    def close(self) -> None:
        """End the server as Ctrl-C does."""
        if self.server:
            self.server.stop(with_signal=signal.SIGINT)
            self.server = None
