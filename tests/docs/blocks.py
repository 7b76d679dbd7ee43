"""The code blocks of a Markdown page.

A block is what a reader would copy. Its language says what the tests do with it, see
`tests/docs/session.py`. A block that cannot run has a comment in the line above it,
invisible to readers:

    <!-- not run: it would install into the environment that the tests run in -->

Sphinx's directives, such as `{toctree}`, look like blocks and are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block.

    Attributes:
        language: The first word after the fence.
        text: What stands between the fences.
        line: Where it begins on the page, for messages.
        not_run: Why it cannot run, or empty.
    """

    language: str
    text: str
    line: int
    not_run: str = ""


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the blocks of `page` from top to bottom."""
    reason = ""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "html_block":
            comment = _NOT_RUN.fullmatch(token.content)
            reason = comment["reason"] if comment else ""
        elif token.type == "fence" and not token.info.startswith("{"):
            language = (token.info.split() or [""])[0]
            [first, _] = token.map or [0, 0]
            yield Block(
                language=language, text=token.content, line=first + 1, not_run=reason
            )
            reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a console block, and what the page says it prints."""

    line: str
    output: str


def commands_of(block: Block) -> list[Command]:
    """Return the commands of a console block; each begins with `$ `."""
    chunks = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    return [_command(chunk) for chunk in chunks]


def _command(chunk: str) -> Command:
    """Return the command at the top of `chunk`; a final backslash continues it."""
    match = re.match(r"(?:.*\\\n)*.*", chunk)
    line = match[0] if match else ""
    return Command(line=line, output=chunk[len(line) :].strip())


def matches(expected: str, actual: str) -> bool:
    """Whether `actual` is what the page shows, where `...` stands for anything."""
    pattern = r".*".join(re.escape(part.strip()) for part in expected.split("..."))
    lines = "\n".join(line.rstrip() for line in actual.strip().splitlines())
    return re.fullmatch(_loose(pattern), lines, re.DOTALL) is not None


def _loose(pattern: str) -> str:
    r"""Let any white space stand where the page has some."""
    return re.sub(r"(?:\\\s)+", r"\\s+", pattern).replace(".*", r"\s*.*\s*")
