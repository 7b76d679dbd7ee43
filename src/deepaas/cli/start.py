"""What `deepaas-run`, `deepaas-cli` and `deepaas serve` do before anything starts."""

from __future__ import annotations

import gc
import logging
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from deepaas.cli import inifile
from deepaas.cli.options import IniFile
from deepaas.errors import ConfigurationError
from deepaas.settings import Given, Profile, Settings, load_settings, unknown_variables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)


def settings_from(
    namespace: argparse.Namespace,
    *,
    profile: Profile,
    program: str,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings that the command line, the environment and files ask for.

    Args:
        namespace: Parsed by the options of `deepaas.cli.options`.
        profile: Whose defaults to take; all but `serve` also read the INI files of
            2.x in their default places.
        program: The command's name, after which 2.x names one of those.
        environ: The environment variables.

    Raises:
        ConfigurationError: A setting cannot work.
    """
    files = [one for one in namespace.said if isinstance(one, IniFile)]
    default_files: Iterable[Given] = ()
    if profile != "serve":
        default_files = inifile.read_defaults(
            program,
            home=_home(environ),
            without_files=any(not file.is_folder for file in files),
            without_folders=any(file.is_folder for file in files),
        )
    return load_settings(
        profile=profile,
        environ=environ,
        command_line=_command_line(namespace),
        config_file=namespace.config,
        default_files=default_files,
    )


def _home(environ: Mapping[str, str]) -> Path | None:
    """Return the user's folder; in a container the user may have none."""
    try:
        return Path(environ.get("HOME") or Path.home())
    except RuntimeError:
        return None


def log_warnings(
    namespace: argparse.Namespace, *, environ: Mapping[str, str] = os.environ
) -> None:
    """Tell of options and variables that have no effect."""
    for option in dict.fromkeys(namespace.retired):
        logger.warning("%s has no effect in DEEPaaS 3 and can be left out", option)
    for warning in unknown_variables(environ):
        logger.warning("%s", warning)


def require_linux(command: str) -> None:
    """Refuse to serve where the server cannot work.

    Raises:
        ConfigurationError: This is another system.
    """
    system = platform.system()
    if system != "Linux":
        raise ConfigurationError(
            f"{command} needs Linux and this is {system}; use a container, or call "
            f"the model without a server: deepaas predict"
        )


def serve(settings: Settings, *, profile: Profile) -> int:
    """Serve until told to stop, and return the exit status.

    The server is imported here, so that `--help` and mistakes are answered at once;
    without collections of garbage, of which an import makes none, until it listens.
    """
    gc.disable()
    if profile == "openwhisk":
        from deepaas import action

        return action.serve(settings)
    from deepaas import app

    return app.serve(settings, profile=profile)


def _command_line(namespace: argparse.Namespace) -> list[Given]:
    """Return what was said, with files read and repeated names gathered."""
    said: list[Given] = []
    for one in namespace.said:
        if isinstance(one, Given):
            _add(said, one)
        else:
            read = inifile.read_folder if one.is_folder else inifile.read_file
            said += read(one.path)
    if getattr(namespace, "models", None):
        names = tuple(namespace.models)
        _add(said, Given(key="models.names", value=names, source="MODEL"))
    return said


def _add(said: list[Given], given: Given) -> None:
    """Add an option; one that may be repeated adds to what options said before."""
    value = given.value
    before = next((one for one in reversed(said) if one.key == given.key), None)
    if isinstance(value, tuple) and before is not None and not before.is_from_file:
        value = (*before.value, *value)
    said.append(Given(key=given.key, value=value, source=given.source))
