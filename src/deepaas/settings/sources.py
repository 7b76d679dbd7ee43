"""Reads the places where somebody may have set something.

Each reader returns the values as they were written, with the place they came from:
whether a value is any good is decided later, for the one that wins.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from deepaas.errors import ConfigurationError
from deepaas.settings import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_read_switch = TypeAdapter(bool).validate_python


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value that somebody gave to a setting.

    Attributes:
        key: The setting's dotted key.
        value: As it was written.
        source: Where it was written, for the person who has to mend it.
        is_from_file: Whether a file that the command line names said so, and not the
            command line itself; the environment is stronger than such a file.
    """

    key: str
    value: Any
    source: str
    is_from_file: bool = False


def read_v2(
    name: str, value: Any, *, source: str, is_from_file: bool = False
) -> Given | None:
    """Return what a name of DEEPaaS 2.x sets, or None if we do not know the name.

    Raises:
        ConfigurationError: A switch is neither on nor off.
    """
    if name in names.V2_SWITCHES:
        key, meanings = names.V2_SWITCHES[name]
        value = meanings[_is_on(value, source=source)]
    elif name in names.V2_NAMES:
        key = names.V2_NAMES[name]
    else:
        return None
    return Given(key=key, value=value, source=source, is_from_file=is_from_file)


def read_environment(environ: Mapping[str, str]) -> Iterator[Given]:
    """Read the variables `DEEPAAS_<GROUP>__<NAME>`; an empty one sets nothing."""
    for setting in names.all_settings().values():
        if value := environ.get(setting.variable):
            yield Given(key=setting.key, value=value, source=setting.variable)


def read_v2_environment(environ: Mapping[str, str]) -> Iterator[Given]:
    """Read the variables `OS_DEFAULT__<OPTION>` of 2.x; an empty one sets nothing."""
    for name in (*names.V2_NAMES, *names.V2_SWITCHES):
        variable = names.V2_PREFIX + name.upper()
        value = environ.get(variable)
        given = read_v2(name, value, source=variable) if value else None
        if given is not None:
            yield given


def read_v2_model(environ: Mapping[str, str]) -> Iterator[Given]:
    """Read the variable that names the model of 2.x."""
    if value := environ.get("DEEPAAS_V2_MODEL"):
        yield Given(key="models.names", value=(value,), source="DEEPAAS_V2_MODEL")


def read_platform(environ: Mapping[str, str]) -> Iterator[Given]:
    """Read the variables by which platforms tell a container how it is run."""
    if port := environ.get("PORT"):
        yield Given(key="server.listen_port", value=port, source="PORT")
        yield Given(key="server.linger_s", value=names.PLATFORM_LINGER_S, source="PORT")
    if path := environ.get("OSCAR_SERVICE_BASE_PATH"):
        yield Given(
            key="server.proxy_prefix", value=path, source="OSCAR_SERVICE_BASE_PATH"
        )


def read_toml(path: str) -> Iterator[Given]:
    """Read a file of settings.

    Raises:
        ConfigurationError: The file cannot be read, or has a key that we do not know.
    """
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            f"{path} is not TOML: {error}. An INI file of DEEPaaS 2.x is given with "
            f"--config-file."
        ) from error
    yield from _flatten(content, path=path, prefix="")


def _flatten(table: Mapping[str, Any], *, path: str, prefix: str) -> Iterator[Given]:
    known = names.all_settings()
    for name, value in table.items():
        key = prefix + name
        if key in known:
            yield Given(key=key, value=value, source=path)
        elif isinstance(value, dict) and _is_group(key):
            yield from _flatten(value, path=path, prefix=f"{key}.")
        else:
            raise ConfigurationError(
                f"{path}: there is no setting {key!r}{names.nearest(key, known)}"
            )


def _is_group(name: str) -> bool:
    return any(key.startswith(f"{name}.") for key in names.all_settings())


def _is_on(value: Any, *, source: str) -> bool:
    try:
        return _read_switch(value)
    except ValidationError:
        raise ConfigurationError(
            f"{source} cannot be {value!r}; allowed: true or false"
        ) from None
