"""How a setting is called: in the tree, in the environment, as an option, in 2.x.

A setting has one name, its dotted key (`limits.body_bytes`); everything else is
derived from it or stands in one of the tables here.
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from deepaas.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic.fields import FieldInfo

PREFIX: Final = "DEEPAAS_"
V2_PREFIX: Final = "OS_DEFAULT__"

PLATFORM_LINGER_S: Final = 3
"""Platforms send requests for a moment more to a container that they have ended."""

OTHER_VARIABLES: Final = {
    "DEEPAAS_CONFIG": "The TOML file with settings, like the option `--config`.",
    "DEEPAAS_V2_MODEL": "The model to serve if nothing else names one, as in 2.x.",
    "OSCAR_SERVICE_BASE_PATH": "The same as `server.proxy_prefix`, said by OSCAR.",
    "PORT": "The port to listen on, as Knative and other platforms say it. With it "
    f"`server.linger_s` is {PLATFORM_LINGER_S} unless you set it.",
}
"""Variables that are not called like a setting."""

V2_NAMES: Final = {
    "listen_ip": "server.listen_ip",
    "listen_port": "server.listen_port",
    "base_path": "server.base_path",
    "model_name": "models.names",
    "warm": "models.warm",
    "workers": "workers.per_model",
    "client_max_size": "limits.body_bytes",
    "predict_endpoint": "api.predict_endpoint",
    "train_endpoint": "api.train_endpoint",
    "doc_endpoint": "api.doc_endpoint",
    "debug_endpoint": "api.debug_endpoint",
    "enable_v1": "api.enable_v1",
    "log_level": "log.level",
    "log_file": "log.file",
    "log_dir": "log.folder",
}
"""The names of DEEPaaS 2.x: options, INI keys and `OS_DEFAULT__` variables."""

V2_SWITCHES: Final[Mapping[str, tuple[str, Mapping[bool, str]]]] = {
    "debug": ("log.level", {True: "debug", False: "info"}),
    "use_json": ("log.format", {True: "json", False: "auto"}),
}
"""Switches of 2.x that choose a value of a setting that is no switch."""

OWN_OPTIONS: Final = {
    "proxy-prefix": "server.proxy_prefix",
    "trust-proxy": "server.trust_proxy",
    "grpc-port": "server.grpc_port",
    "allowed-host": "server.allowed_hosts",
    "insecure-no-auth": "server.insecure_no_auth",
    "linger": "server.linger_s",
    "drain": "server.drain_s",
    "strict": "models.strict",
    "activation": "models.activation",
    "loaded-versions": "models.loaded_versions",
    "body-limit": "limits.body_bytes",
    "deadline": "limits.deadline_s",
    "repository-control": "api.repository_control",
    "queue-size": "limits.queue_size",
    "memory-limit": "limits.worker_memory_bytes",
    "error-detail": "error_detail",
    "jobs": "jobs.enabled",
    "job-slots": "jobs.slots",
    "job-devices": "jobs.devices",
    "worker-devices": "workers.devices",
    "exclusive-device": "jobs.exclusive_device",
    "most-waiting-jobs": "jobs.most_waiting",
    "job-grace": "jobs.grace_s",
    "job-time-limit": "jobs.time_limit_s",
    "job-memory-limit": "jobs.memory_bytes",
    "job-nice": "jobs.nice",
    "job-log-bytes": "jobs.log_bytes",
    "data-dir": "data_dir",
    "spool-dir": "spool_dir",
    "log-format": "log.format",
    "access-log": "log.access",
}
"""Options that 2.x did not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting, as documents and options need it.

    Attributes:
        key: Its dotted key.
        text: What it means.
        default: Of the tree, that is of `deepaas serve`.
        schema: JSON Schema of its value.
    """

    key: str
    text: str
    default: Any
    schema: Mapping[str, Any]

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.key.upper().replace(".", "__")

    @property
    def summary(self) -> str:
        """The first sentence of its text, without the full stop."""
        return self.text.split(". ")[0].removesuffix(".").replace("`", "")

    @property
    def kind(self) -> str:
        """`boolean`, `integer`, `number`, `string`, `array`, `size` or `enum`."""
        if "enum" in self.schema:
            return "enum"
        return str(self.schema.get("type", "size"))

    @property
    def allowed(self) -> str:
        """The values that it may have, in words."""
        words = {
            "boolean": "true or false",
            "integer": f"a whole number{self._range}",
            "number": f"a number{self._range}",
            "string": "a text",
            "array": "names, separated by commas",
            "size": "a number of bytes, such as 1000000, 100MB or 2GiB",
        }
        return words.get(self.kind) or _either(self.schema["enum"])

    @property
    def _range(self) -> str:
        least, most = self.schema.get("minimum"), self.schema.get("maximum")
        if most is not None:
            return f" from {least} to {most}"
        return f" of at least {least}"


@functools.cache
def all_settings() -> Mapping[str, Setting]:
    """Return every setting by its key, in the order of the tree."""
    schema = Settings.model_json_schema()
    found: dict[str, Setting] = {}
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            properties = schema["$defs"][group.__name__]["properties"]
            found |= _settings_of(group, properties, prefix=f"{name}.")
    return found | _settings_of(Settings, schema["properties"], prefix="")


def option_keys(*, with_own: bool) -> Mapping[str, str]:
    """Return the keys of plain options by their names, without dashes in front."""
    v2 = {name.replace("_", "-"): key for name, key in V2_NAMES.items()}
    return v2 | OWN_OPTIONS if with_own else v2


def nearest(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Return a hint at the name that was meant, or an empty text.

    Args:
        name: What was written.
        known: The names that exist.
        prefix: What all of them begin with, and which therefore says nothing.
    """
    rest = [one.removeprefix(prefix) for one in known]
    matches = difflib.get_close_matches(name.removeprefix(prefix), rest, n=1)
    return f"; did you mean {prefix}{matches[0]}?" if matches else ""


def _settings_of(
    group: type[BaseModel], schemas: Mapping[str, Mapping[str, Any]], *, prefix: str
) -> dict[str, Setting]:
    return {
        prefix + name: _setting(prefix + name, field, schemas[name])
        for name, field in group.model_fields.items()
        if "$ref" not in schemas[name]
    }


def _setting(key: str, field: FieldInfo, schema: Mapping[str, Any]) -> Setting:
    text = " ".join((field.description or "").split())
    return Setting(key=key, text=text, default=field.default, schema=schema)


def _either(values: Iterable[str]) -> str:
    *most, last = values
    return f"{', '.join(most)} or {last}"
