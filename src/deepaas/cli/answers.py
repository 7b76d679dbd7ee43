"""The answer of a prediction, and how it is shown.

Standard output gets the result and nothing else. JSON is laid out for people, or left
on one line with `--json`; a binary result goes to a file, or to a program that reads
from a pipe, but never to a terminal.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from deepaas.errors import ConfigurationError
from deepaas.model.media_types import is_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Inputs

ACCEPT_JSON: Final = "application/x-ndjson, application/json;q=0.9"
"""What `--json` asks a model for: a stream as it comes, else one value."""

_LINES: Final = ("application/x-ndjson", "text/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a prediction, on its way.

    Attributes:
        media_type: With parameters.
        pieces: The bytes; of a stream, as the model makes them.
    """

    media_type: str
    pieces: Iterable[bytes]


class Target(Protocol):
    """A model that can be asked, in this process or at a server."""

    @property
    def operation(self) -> OperationDescription:
        """What `predict` takes and gives."""

    def predict(self, inputs: Inputs, *, accept: str) -> Answer:
        """Ask for a prediction.

        Raises:
            DeepaasError: There is none; also raised while the pieces are read.
        """

    def close(self) -> None:
        """Let go of everything."""


def show(
    answer: Answer, *, stdout: BinaryIO, output: Path | None, as_json: bool
) -> None:
    """Write an answer to where it belongs.

    Args:
        answer: The answer.
        stdout: Standard output.
        output: The file for it, or None.
        as_json: Leave JSON on one line.

    Raises:
        ConfigurationError: It is binary and would go to a terminal, or the file
            cannot be written.
        DeepaasError: The rest of the answer does not come.
    """
    if output is not None:
        _save(answer, output)
    elif not is_json(answer.media_type):
        _refuse_terminal(answer.media_type, stdout)
        _pass_on(answer.pieces, stdout)
    else:
        text = b"".join(answer.pieces)
        stdout.write((text if as_json else _for_people(text)) + b"\n")


def _save(answer: Answer, output: Path) -> None:
    try:
        with output.open("wb") as file:
            size = sum(file.write(piece) for piece in answer.pieces)
    except OSError as error:
        raise ConfigurationError(
            f"{output} cannot be written: {error.strerror or error}"
        ) from error
    print(f"{output}: {answer.media_type}, {size} bytes", file=sys.stderr)


def _refuse_terminal(media_type: str, stdout: BinaryIO) -> None:
    is_text = media_type.startswith(_LINES) or is_json(media_type)
    if stdout.isatty() and not is_text:
        raise ConfigurationError(
            f"the result is {media_type} and no text; name a file for it with "
            "--output FILE, before MODEL"
        )


def _pass_on(pieces: Iterable[bytes], stdout: BinaryIO) -> None:
    last = b""
    for piece in pieces:
        stdout.write(piece)
        stdout.flush()
        last = piece or last
    if stdout.isatty() and not last.endswith(b"\n"):
        stdout.write(b"\n")  # so that the shell's prompt has a line of its own


def _for_people(text: bytes) -> bytes:
    """Return JSON laid out; a lone text without its quotes."""
    value = json.loads(text)
    if isinstance(value, str):
        return value.encode(errors="replace")
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def pieces_of_file(path: str, *, size: int = 1 << 18) -> Iterator[bytes]:
    """Yield a file's content."""
    with Path(path).open("rb") as file:
        while piece := file.read(size):
            yield piece
