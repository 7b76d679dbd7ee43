"""Taking a request's body in."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepaas.errors import BodyTooLargeError
from deepaas.frontends.api.body import Body, BodyReader, CallerLeftError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Caller:
    """Sends a body piece by piece, and knows how much was taken."""

    def __init__(self, pieces: list[bytes], *, leaves: bool = False) -> None:
        self._messages: Iterator[dict[str, Any]] = self._make(pieces, leaves)
        self.taken_bytes = 0

    @staticmethod
    def _make(pieces: list[bytes], leaves: bool) -> Iterator[dict[str, Any]]:
        for number, piece in enumerate(pieces):
            more = leaves or number < len(pieces) - 1
            yield {"type": "http.request", "body": piece, "more_body": more}
        while True:
            yield {"type": "http.disconnect"}

    async def __call__(self) -> dict[str, Any]:
        message = next(self._messages)
        self.taken_bytes += len(message.get("body", b""))
        return message


class Folders:
    """Makes folders below one, and removes them."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._made = 0

    def make(self) -> str:
        self._made += 1
        folder = self._base / f"request-{self._made}"
        folder.mkdir()
        return str(folder)

    def remove(self, folder: str) -> None:
        for file in Path(folder).iterdir():
            file.unlink()
        Path(folder).rmdir()


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


def read(base: Path, caller: Caller, *, limit: int = 0, announced: int = 0) -> Body:
    folders = Folders(base)
    reader = BodyReader(
        limit_bytes=limit,
        inline_bytes=100,
        make_folder=folders.make,
        remove_folder=folders.remove,
    )
    return asyncio.run(reader.read(caller, announced_bytes=announced))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(pieces=st.lists(st.binary(max_size=80), min_size=1, max_size=6))
def test_the_body_arrives_whole_in_memory_or_in_a_file(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    whole = b"".join(pieces)

    body = read(tmp_path_factory.mktemp("spool"), Caller(pieces))

    assert (len(whole) > 100) == bool(body.path)
    assert whole == (Path(body.path).read_bytes() if body.path else body.content)


def test_a_body_that_announces_too_much_is_refused(base: Path) -> None:
    with pytest.raises(BodyTooLargeError, match="500"):
        read(base, Caller([b"x" * 400]), limit=500, announced=501)


@pytest.mark.parametrize("piece_bytes", [10, 200, 2000])
def test_a_body_that_grows_too_large_is_refused_while_it_comes(
    base: Path, piece_bytes: int
) -> None:
    with pytest.raises(BodyTooLargeError):
        read(base, Caller([b"x" * piece_bytes] * 1000), limit=500)

    assert [] == list(base.iterdir())


def test_only_so_much_is_read_on_after_a_refusal(base: Path) -> None:
    caller = Caller([b"x" * 100_000] * 1000)

    with pytest.raises(BodyTooLargeError):
        read(base, caller, limit=500)

    assert caller.taken_bytes <= 1_200_000


def test_a_full_disk_never_cuts_a_body_short(base: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (250, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            read(base, Caller([b"x" * 200, b"x" * 200]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert [] == list(base.iterdir())


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"x" * 200]])
def test_nothing_is_left_of_a_caller_who_leaves(
    base: Path, pieces: list[bytes]
) -> None:
    with pytest.raises(CallerLeftError):
        read(base, Caller(pieces, leaves=True))

    assert [] == list(base.iterdir())
