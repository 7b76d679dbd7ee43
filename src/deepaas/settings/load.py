"""Decides which of several values wins, and says what is wrong with the winner.

Strongest first:

1. options on the command line;
2. `DEEPAAS_*` variables, then `OS_DEFAULT__*` variables;
3. variables of platforms, such as `PORT`;
4. INI files of 2.x that the command line names;
5. the TOML file;
6. INI files of 2.x in their default places;
7. `DEEPAAS_V2_MODEL`;
8. the defaults of the command.

One rule comes before that: options and INI files on the command line replace each other
in the order in which they stand there.
"""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from deepaas.errors import ConfigurationError
from deepaas.settings import names, sources
from deepaas.settings.sources import Given
from deepaas.settings.tree import PROFILES, Profile, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails


def load_settings(
    *,
    profile: Profile,
    environ: Mapping[str, str],
    command_line: Iterable[Given] = (),
    config_file: str = "",
    default_files: Iterable[Given] = (),
) -> Settings:
    """Return the settings of a server.

    Args:
        profile: Whose defaults to take.
        environ: The environment variables.
        command_line: What options, and files that they name, say, in their order.
        config_file: A TOML file; `DEEPAAS_CONFIG` names one, too.
        default_files: What INI files in default places say, in their order.

    Raises:
        ConfigurationError: A value cannot work; says which one, and where it stands.
    """
    winners = _last(command_line)
    toml = config_file or environ.get("DEEPAAS_CONFIG", "")
    return _build(
        _last(
            [
                *_defaults(profile),
                *sources.read_v2_model(environ),
                *default_files,
                *(sources.read_toml(toml) if toml else ()),
                *(given for given in winners.values() if given.is_from_file),
                *(() if profile == "openwhisk" else sources.read_platform(environ)),
                *sources.read_v2_environment(environ),
                *sources.read_environment(environ),
                *(given for given in winners.values() if not given.is_from_file),
            ]
        )
    )


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each variable that looks like ours and is not."""
    known = {setting.variable for setting in names.all_settings().values()}
    known |= set(names.OTHER_VARIABLES)
    return [
        f"The environment variable {name} is not known and has no effect"
        f"{names.nearest(name, known, prefix=names.PREFIX)}"
        for name in sorted(environ)
        if name.startswith(names.PREFIX) and name not in known
    ]


def _defaults(profile: Profile) -> Iterator[Given]:
    for key, value in PROFILES[profile].items():
        yield Given(key=key, value=value, source=f"the defaults of {profile}")


def _last(given: Iterable[Given]) -> dict[str, Given]:
    return {one.key: one for one in given}


def _build(given: Mapping[str, Given]) -> Settings:
    try:
        return Settings.model_validate(_nest(given))
    except ValidationError as error:
        raise _explain(error.errors()[0], given) from None


def _nest(given: Mapping[str, Given]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, one in given.items():
        *groups, name = key.split(".")
        table = tree
        for group in groups:
            table = table.setdefault(group, {})
        table[name] = one.value
    return tree


def _explain(error: ErrorDetails, given: Mapping[str, Given]) -> ConfigurationError:
    path = [str(part) for part in error["loc"]]
    key = next(key for key in (".".join(path[:2]), path[0]) if key in given)
    one = given[key]
    reason = error.get("ctx", {}).get("error")
    allowed = f"allowed: {names.all_settings()[key].allowed}"
    return ConfigurationError(
        f"{one.source}: {key} cannot be {reprlib.repr(one.value)}; {reason or allowed}",
        setting=key,
    )
