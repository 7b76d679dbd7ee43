"""Every code block of README, documentation and examples works, or says why not."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.docs.blocks import Block, blocks_of, matches
from tests.docs.session import REPOSITORY, Session

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("examples/**/*.md"),
    ]
)


def _name(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_a_page_says_works(page: Path, tmp_path: Path) -> None:
    with closing(Session(tmp_path)) as session:
        for block in blocks_of(page):
            if problem := _problem_with(block, session=session):
                pytest.fail(f"line {block.line}: {problem}", pytrace=False)


def _problem_with(block: Block, *, session: Session) -> str:
    """Return what does not work about `block`, or an empty text."""
    if block.not_run:
        return ""
    try:
        session.run(block)
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("1\n2", "1\n2\n", True),
        ("1\n...\n3", "1\n2\n3\n", True),
        ('{"id": "..."}', '{"id": "f00"}', True),
        ("1\n3", "1\n2\n3", False),
        ("1", "1\n2", False),
    ],
)
def test_three_dots_stand_for_anything(
    expected: str, printed: str, *, same: bool
) -> None:
    assert same == matches(expected, printed)
