"""Where an answer goes, and how it looks there."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from deepaas.cli.answers import Answer, pieces_of_file, show
from deepaas.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


def shown(
    media_type: str, *pieces: bytes, stdout: io.BytesIO | None = None, **how: Any
) -> bytes:
    out = io.BytesIO() if stdout is None else stdout
    arguments = {"output": None, "as_json": False, **how}
    show(Answer(media_type=media_type, pieces=pieces), stdout=out, **arguments)
    return out.getvalue()


def test_json_is_laid_out_for_people() -> None:
    assert b'{\n  "a": "\xc3\xbc"\n}\n' == shown(
        "application/json; charset=utf-8", b'{"a":"\\u00fc"}'
    )


def test_a_text_is_shown_without_quotes() -> None:
    assert b"setosa\n" == shown("application/json", b'"setosa"')


def test_json_for_programs_is_left_on_its_line() -> None:
    assert b'["a",1.50]\n' == shown(
        "application/json", b'["a",', b"1.50]", as_json=True
    )


def test_anything_else_goes_out_as_it_is() -> None:
    assert b"\x00\xff\n" == shown("image/png", b"\x00", b"\xff\n")


def test_a_binary_result_does_not_go_to_a_terminal() -> None:
    with pytest.raises(ConfigurationError, match="--output FILE"):
        shown("image/png", b"\x89PNG", stdout=Terminal())


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-ndjson"])
def test_text_ends_with_a_line_end_on_a_terminal(media_type: str) -> None:
    assert b"hello\n" == shown(media_type, b"hel", b"lo", b"", stdout=Terminal())


def test_pieces_are_shown_as_they_come() -> None:
    out = io.BytesIO()

    def pieces() -> Iterator[bytes]:
        yield b"1\n"
        assert b"1\n" == out.getvalue()
        raise ModelError("boom")

    answer = Answer(media_type="application/x-ndjson", pieces=pieces())
    with pytest.raises(ModelError):
        show(answer, stdout=out, output=None, as_json=True)


def test_a_file_gets_the_bytes_and_standard_error_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.json"

    assert b"" == shown("application/json", b'{"a":', b"1}", output=path)

    assert b'{"a":1}' == path.read_bytes()
    assert f"{path}: application/json, 7 bytes\n" == capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere/out cannot be written"):
        shown("image/png", b"", output=tmp_path / "nowhere" / "out")


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert [b"12", b"34", b"5"] == list(pieces_of_file(str(path), size=2))
