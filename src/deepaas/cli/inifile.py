"""Reads the configuration files of DEEPaaS 2.x (oslo.config's INI format).

Only the section `[DEFAULT]` counts, and keys that we do not know are ignored: published
files hold dozens of oslo.log's.
"""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import TYPE_CHECKING

from deepaas.errors import ConfigurationError
from deepaas.settings.sources import read_v2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepaas.settings import Given

_QUOTES = ("'", '"')


def read_file(path: str | Path) -> Iterator[Given]:
    """Read one file.

    Raises:
        ConfigurationError: It is missing, unreadable, or no INI file.
    """
    for name, value in _parse(Path(path)).items():
        key = name.replace("-", "_")
        given = read_v2(
            key, _unquote(value), source=f"{path}, {name}", is_from_file=True
        )
        if given is not None:
            yield given


def read_folder(path: str | Path) -> Iterator[Given]:
    """Read the files `*.conf` of a folder, in the order of their names.

    Raises:
        ConfigurationError: The folder is missing, or a file cannot be read.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ConfigurationError(f"{path} is not a folder")
    for file in sorted(folder.glob("*.conf")):
        yield from read_file(file)


def read_defaults(
    program: str,
    *,
    home: Path | None,
    system: Path = Path("/etc"),
    without_files: bool = False,
    without_folders: bool = False,
) -> Iterator[Given]:
    """Read the files and folders that 2.x reads unasked.

    Of `deepaas.conf`, and then of `<program>.conf`, the first that exists counts; the
    same goes for the folders `deepaas.conf.d` and `<program>.conf.d`.

    Args:
        program: The command's name.
        home: The user's folder, if there is one.
        system: The machine's folder for configuration.
        without_files: Read no files; so it is when the command line names some.
        without_folders: Read no folders, likewise.
    """
    places = [system / "deepaas", system]
    if home is not None:
        places = [home / ".deepaas", home, *places]
    for name in () if without_files else ("deepaas", program):
        for path in _first(places, f"{name}.conf"):
            yield from read_file(path)
    for name in () if without_folders else ("deepaas", program):
        for path in _first(places, f"{name}.conf.d"):
            yield from read_folder(path)


def _first(places: Sequence[Path], name: str) -> Iterator[Path]:
    yield from [place / name for place in places if (place / name).exists()][:1]


def _parse(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False, empty_lines_in_values=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keeps case
    if path.suffix == ".toml":
        raise ConfigurationError(f"{path} looks like TOML: give it with --config")
    try:
        parser.read_string(path.read_text("utf-8"), source=str(path))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error
    except (configparser.Error, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"{path} is not an INI file: {reason}") from error
    return dict(parser.defaults())


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value.startswith(_QUOTES):
        return value[1:-1]
    return value
