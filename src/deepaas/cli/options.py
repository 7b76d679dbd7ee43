"""The options of a server: `deepaas serve`, `deepaas-run`, and most for `deepaas-cli`.

Options are made from the tree of settings and its tables of names. They are noted, not
applied, because a configuration file between two of them overrides the first and not
the second: `namespace.said` holds them all, in their order.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import deepaas
from deepaas.settings import PROFILES, Given
from deepaas.settings.names import V2_SWITCHES, Setting, all_settings, option_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.settings import Profile

Command = Literal["run", "cli", "serve"]
"""`deepaas-run`, `deepaas-cli` or `deepaas serve`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IniFile:
    """A file or folder in the format of 2.x that the command line names."""

    path: str
    is_folder: bool


_TITLES: Final = {
    "server": "where it listens",
    "models": "models and workers",
    "workers": "models and workers",
    "limits": "limits",
    "jobs": "jobs",
    "data_dir": "jobs",
    "spool_dir": "limits",
    "api": "parts of the API",
    "error_detail": "parts of the API",
    "log": "log",
}

_ALIASES: Final = {
    "workers": ("-p",),
    "log-file": ("--logfile",),
    "log-dir": ("--logdir",),
    "debug": ("-d",),
}

_METAVARS: Final = {
    "array": "NAME",
    "integer": "N",
    "number": "SECONDS",
    "size": "BYTES",
    "server.listen_ip": "IP",
    "server.listen_port": "PORT",
    "server.base_path": "PATH",
    "server.proxy_prefix": "PATH",
    "log.file": "FILE",
    "log.folder": "DIR",
    "data_dir": "DIR",
    "spool_dir": "DIR",
}

_LEFT_OUT: Final[Mapping[Command, frozenset[str]]] = {
    "serve": frozenset(),
    "run": frozenset({"insecure-no-auth"}),
    "cli": frozenset({"listen-ip", "listen-port", "base-path"}),
}

_RETIRED_SWITCHES: Final = ("watch-log-file", "use-syslog", "use-journal")
_RETIRED_OPTIONS: Final = {
    "predict-workers": (),
    "train-workers": (),
    "shell_completion": (),
    "log-config-append": ("--log-config", "--log_config"),
    "log-date-format": (),
    "syslog-log-facility": (),
}


_OPENWHISK_DETECT: Final = "openwhisk-detect"


def add_server_options(parser: argparse.ArgumentParser, *, command: Command) -> None:
    """Add the options that set something.

    The parser's results get three attributes: `said`, what options and files set, in
    their order; `config`, a TOML file; `retired`, options that have no effect any more.
    """
    parser.set_defaults(said=(), config="", retired=())
    titles = dict.fromkeys(_TITLES.values())
    groups = {title: parser.add_argument_group(title) for title in titles}
    for key, flags in _flags(command).items():
        group = groups[_TITLES[key.split(".")[0]]]
        _add_setting(group, all_settings()[key], flags, command=command)
    for name in V2_SWITCHES:
        _add_v2_switch(groups["log"], name)
    _add_files(parser.add_argument_group("configuration files"))
    if command == "run":
        _add_openwhisk(parser.add_argument_group("OpenWhisk"))
    else:
        _add_retired_switch(parser, _OPENWHISK_DETECT, "-w")
    _add_retired(parser)


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add `--version`, which prints the version alone, because scripts parse it."""
    parser.add_argument(
        "--version",
        action="version",
        version=deepaas.__version__,
        help="Show the version and exit",
    )


def add_models(parser: argparse.ArgumentParser) -> None:
    """Let models be named without an option, in `models`."""
    summary = all_settings()["models.names"].summary
    parser.add_argument("models", nargs="*", metavar="MODEL", help=summary)


class _Say(argparse.Action):
    """Notes what an option sets.

    Its `dest` is the setting's key; `const` is, for a switch, what it means when it is
    on and when it is off.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        source = option_string or self.dest
        value: Any = values
        if self.const is not None:
            on, off = self.const
            value = off if source.startswith("--no") else on
        elif all_settings()[self.dest].kind == "array":
            value = (values,)
        given = Given(key=self.dest, value=value, source=source)
        namespace.said = (*namespace.said, given)


class _SayFile(argparse.Action):
    """Notes an INI file, or with `const` a folder of them."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        file = IniFile(path=str(values), is_folder=bool(self.const))
        namespace.said = (*namespace.said, file)


class _Retire(argparse.Action):
    """Notes an option that has no effect."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.retired = (*namespace.retired, option_string)


def _flags(command: Command) -> dict[str, list[str]]:
    """Return the options of each setting that has any, in the order of the tree."""
    found: dict[str, list[str]] = {key: [] for key in all_settings()}
    for name, key in option_keys(with_own=command != "cli").items():
        if name not in _LEFT_OUT[command]:
            found[key] += [f"--{name}", *_ALIASES.get(name, ())]
    return {key: flags for key, flags in found.items() if flags}


def _add_setting(
    group: Any, setting: Setting, flags: Sequence[str], *, command: Command
) -> None:
    profile: Profile = "serve" if command == "serve" else "run"
    default = PROFILES[profile].get(setting.key, setting.default)
    text = f"{setting.summary} {_remark(setting, default)}".rstrip()
    if setting.kind == "boolean":
        _add_switch(group, flags, key=setting.key, means=(True, False), text=text)
        return
    group.add_argument(
        *flags,
        action=_Say,
        dest=setting.key,
        default=argparse.SUPPRESS,
        metavar=_metavar(setting),
        help=text,
    )


def _remark(setting: Setting, default: Any) -> str:
    if setting.kind == "array":
        known = f"; default: {', '.join(default)}" if default else ""
        return f"(may be repeated{known})"
    if isinstance(default, bool):
        default = "yes" if default else "no"
    elif isinstance(default, float):
        default = f"{default:g}"
    return f"(default: {default})" if default != "" else ""


def _metavar(setting: Setting) -> str:
    if setting.kind == "enum":
        return "{" + ",".join(setting.schema["enum"]) + "}"
    return _METAVARS.get(setting.key) or _METAVARS[setting.kind]


def _add_v2_switch(group: Any, name: str) -> None:
    key, values = V2_SWITCHES[name]
    _add_switch(
        group,
        [f"--{name.replace('_', '-')}", *_ALIASES.get(name, ())],
        key=key,
        means=(values[True], values[False]),
        text=f"Set {key} to {values[True]}",
    )


def _add_switch(
    group: Any, flags: Sequence[str], *, key: str, means: tuple[Any, Any], text: str
) -> None:
    """Add a switch, with the opposites `--no-x` and, as in 2.x, `--nox`."""
    name = flags[0].removeprefix("--")
    common = {
        "action": _Say,
        "dest": key,
        "nargs": 0,
        "const": means,
        "default": argparse.SUPPRESS,
    }
    group.add_argument(*flags, f"--no-{name}", help=text, **common)
    group.add_argument(f"--no{name}", help=argparse.SUPPRESS, **common)


def _add_files(group: Any) -> None:
    group.add_argument("--config", metavar="FILE", help="TOML file with settings")
    group.add_argument(
        "--config-file",
        action=_SayFile,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="INI file of DEEPaaS 2.x (may be repeated)",
    )
    group.add_argument(
        "--config-dir",
        action=_SayFile,
        const=True,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="Folder of such files, *.conf (may be repeated)",
    )


def _add_retired(parser: argparse.ArgumentParser) -> None:
    hidden: dict[str, Any] = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
    for name, aliases in _RETIRED_OPTIONS.items():
        parser.add_argument(f"--{name}", *aliases, action=_Retire, **hidden)
    for name in _RETIRED_SWITCHES:
        _add_retired_switch(parser, name)


def _add_retired_switch(
    parser: argparse.ArgumentParser, name: str, *aliases: str
) -> None:
    parser.add_argument(
        f"--{name}",
        f"--no{name}",
        *aliases,
        action=_Retire,
        nargs=0,
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )


def _add_openwhisk(group: Any) -> None:
    """Add the switches that make the server an action of OpenWhisk."""
    switches = {
        ("openwhisk",): "Serve /init and /run to OpenWhisk, on port 8080",
        (_OPENWHISK_DETECT, "w"): "Do so if __OW_API_HOST is set",
    }
    for (name, *aliases), text in switches.items():
        dest = name.replace("-", "_")
        flags = [f"--{name}", *(f"-{alias}" for alias in aliases)]
        group.add_argument(*flags, action="store_true", dest=dest, help=text)
        group.add_argument(
            f"--no-{name}",
            f"--no{name}",
            action="store_false",
            dest=dest,
            help=argparse.SUPPRESS,
        )
