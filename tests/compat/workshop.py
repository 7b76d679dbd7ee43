"""The commands under test, and models for them to serve.

The commands are ours, or those in `DEEPAAS_COMPAT_COMMAND`: a folder with the programs
of DEEPaaS 2.6.0, which proves the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx2
from tests.support.distributions import python_path, write_distribution
from tests.support.server import ServerProcess, free_port

Predict = Callable[..., httpx2.Response]
"""Calls a model: `predict("probe", params={...})`, with the arguments of httpx."""

StartServer = Callable[..., ServerProcess]
"""Starts `deepaas-run` with the arguments of `Workshop.start`."""

PACKAGES = Path(__file__).parent / "packages"
EXAMPLES = Path(__file__).parents[2] / "examples"
IS_ORACLE = "DEEPAAS_COMPAT_COMMAND" in os.environ
COMMANDS = Path(os.environ.get("DEEPAAS_COMPAT_COMMAND", Path(sys.executable).parent))

MODELS = {
    "probe": "compat_models.probe",
    "strict": "compat_models.strict",
    "schema_dict": "compat_models.schema_dict",
    "schema_class": "compat_models.schema_class",
    "accept_query": "compat_models.accept_query",
    "accept_header": "compat_models.accept_header",
    "accept_images": "compat_models.accept_images",
    "errors": "compat_models.errors",
    "deadly": "compat_models.deadly",
    "files": "compat_models.files",
    "noargs": "compat_models.noargs",
    "bound_schema": "compat_models.bound_schema",
    "oddities": "compat_models.oddities",
    "train_only": "compat_models.train_only",
    "trainer": "compat_models.trainer",
    "returns": "compat_models.returns",
    "warmed": "compat_models.warmed",
    "instance": "compat_models.classmodel:instance",
    "meta_overriding": "compat_models.metadata:overriding",
    "meta_unimplemented": "compat_models.metadata:unimplemented",
    "meta_attributeless": "compat_models.metadata:attributeless",
    "meta_counting": "compat_models.metadata:counting",
}
MODELS_THAT_26_CANNOT_SERVE = {
    "counter": "compat_models.classmodel:Counter",
    "accept_loose": "compat_models.accept_loose",
    "closure": "compat_models.closure",
}
DOGS = {"dogs": "dogs_breeds.api"}
"""The example of a published package; it comes with a distribution of its own."""

if not IS_ORACLE:
    MODELS |= MODELS_THAT_26_CANNOT_SERVE


class Workshop:
    """Starts the commands under test with chosen models installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(self, models: Mapping[str, str]) -> dict[str, str]:
        """Return variables with which a process finds just these 2.x models.

        `HOME` and the caches are empty folders; warnings are not shown.
        """
        number = len(list(self.folder.iterdir()))
        installed = write_distribution(
            self.folder / f"installed-{number}",
            "dogs-breeds" if models == DOGS else "compat-models",
            {"deepaas.v2.model": models},
        )
        return {
            "PYTHONPATH": python_path(installed, PACKAGES, EXAMPLES / "dogs"),
            "XDG_CACHE_HOME": str(installed / "cache"),
            "HOME": str(installed),
            "PYTHONWARNINGS": "ignore",
        }

    def start(
        self,
        *options: str | Path,
        models: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> ServerProcess:
        """Start `deepaas-run`; with `port` given, the options must name it."""
        chosen = port or free_port()
        listen = [] if port else ["--listen-port", str(chosen)]
        variables = self.environment(models)
        return ServerProcess(
            [COMMANDS / "deepaas-run", *listen, *options],
            port=chosen,
            folder=Path(variables["HOME"]) / "work",
            environment={**variables, **(environment or {})},
        )

    def call(
        self,
        command: str,
        *words: str | Path,
        models: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        variables = self.environment(models)
        return subprocess.run(
            [COMMANDS / command, *words],
            cwd=self.folder,
            env={**os.environ, **variables, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
