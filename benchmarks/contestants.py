"""The servers that are compared, each set up as its own documentation says."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import workloads

if TYPE_CHECKING:
    from benchmarks.workloads import Request, Workload

HERE = Path(__file__).parent
SERVERS = HERE / "servers"
ENVIRONMENTS = HERE.parent / ".bench"


class Contestant:
    """A server; the base is what they have in common.

    Attributes:
        name: As in the tables.
        folder: Where its part of `servers` is.
        environment: The folder of its packages, or None where it runs with ours.
        is_repeated: Whether it is there only to show the noise.
        models: The workloads' models that it offers.
    """

    name = ""
    folder = SERVERS
    is_repeated = False
    environment: Path | None = None
    models = frozenset(
        {"noop", "device", "busy", "upload", "tensor", "binary", "stream", "slow"}
    )

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        """Return how it is started; what it needs is written into the folder `work`."""
        raise NotImplementedError

    def request(self, workload: Workload) -> Request:
        """Return what it is asked."""
        return replace(workloads.arguments(workload.model), path="/predict")

    def program(self, name: str) -> str:
        """Return the path of a program of its environment."""
        if self.environment is None:
            return str(Path(sys.executable).with_name(name))
        return str(self.environment / "bin" / name)


class Deepaas(Contestant):
    """Ours, with everything on that is on by default: ids, limits, log lines, jobs."""

    name = "DEEPaaS"
    folder = SERVERS / "deepaas"

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return [
            *(
                self.program("deepaas"),
                "serve",
                str(self.folder / f"{workload.model}.py"),
            ),
            *("--listen-port", str(port), "--workers", str(workload.workers)),
            *("--data-dir", str(work / "data")),
        ]

    def request(self, workload: Workload) -> Request:
        path = f"/v2/models/{workload.model}/predict/"
        return replace(workloads.arguments(workload.model), path=path)


class DeepaasOpenInference(Deepaas):
    """Ours, asked for tensors: in JSON, or as bytes behind it."""

    name = "DEEPaaS, Open Inference"
    models = frozenset({"noop", "tensor", "binary"})

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return super().command(replace(workload, model=_asked(workload)), port, work)

    def request(self, workload: Workload) -> Request:
        path = f"/v2/models/{_asked(workload)}/infer"
        if workload.model == "binary":
            return replace(workloads.binary_inference(), path=path)
        return replace(workloads.open_inference(workload.model), path=path)


def _asked(workload: Workload) -> str:
    """Return the model that takes what a workload sends as a tensor."""
    return "tensor" if workload.model == "binary" else workload.model


class Deepaas2Model(Deepaas):
    """Ours with a model that was written for 2.x, asked as a client of 2.x asks."""

    name = "DEEPaaS, 2.x model"
    folder = SERVERS / "deepaas2"
    models = frozenset({"noop", "busy", "upload", "binary", "slow"})

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return [
            *(
                self.program("deepaas-run"),
                "--model-name",
                str(self.folder / "bench2.py"),
            ),
            *("--listen-ip", "127.0.0.1", "--listen-port", str(port)),
            *("--workers", str(workload.workers), "--data-dir", str(work / "data")),
        ]

    def request(self, workload: Workload) -> Request:
        path = "/v2/models/bench2/predict/"
        if workload.model in ("upload", "binary"):
            return replace(workloads.arguments(workload.model), path=path)
        return workloads.Request(f"{path}?x=1.5&how={workload.model}")


class Deepaas26(Deepaas2Model):
    """The last release of 2.x with the same model."""

    name = "DEEPaaS 2.6"
    environment = ENVIRONMENTS / "deepaas2"

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return [
            *(self.program("deepaas-run"), "--model-name", "bench2"),
            *("--listen-ip", "127.0.0.1", "--listen-port", str(port)),
            *("--workers", str(workload.workers)),
        ]


class FastApi(Contestant):
    """The anchor: what a scientist would write herself, the model in the server."""

    folder = SERVERS / "fastapi"

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self.is_repeated = name.endswith("again")
        self._module = module

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return [
            *(self.program("uvicorn"), f"{self._module}:app", "--no-access-log"),
            *("--app-dir", str(self.folder), "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", str(workload.workers)),
        ]

    def request(self, workload: Workload) -> Request:
        path = f"/{workload.model}"
        if workload.model == "binary":
            return workloads.Request(path, workloads.tensor_bytes())
        return replace(workloads.arguments(workload.model), path=path)


class LitServe(Contestant):
    """LitServe, with its fast queue."""

    name = "LitServe"
    folder = SERVERS / "litserve"
    environment = ENVIRONMENTS / "litserve"

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        script = str(self.folder / "server.py")
        return [
            *(self.program("python"), script, workload.model),
            *(str(port), str(workload.workers)),
        ]


class BentoMl(Contestant):
    """BentoML, a service for each workload."""

    name = "BentoML"
    folder = SERVERS / "bentoml"
    environment = ENVIRONMENTS / "bentoml"

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return [
            *(self.program("bentoml"), "serve", f"service:{workload.model}"),
            *("--working-dir", str(self.folder)),
            *("--host", "127.0.0.1", "--port", str(port), "--quiet"),
        ]

    def request(self, workload: Workload) -> Request:
        request = super().request(workload)
        if workload.model == "device":
            return replace(request, body=b'{"x":[1.5]}')
        return request


class MlServer(Contestant):
    """MLServer, its models in processes of their own."""

    name = "MLServer"
    folder = SERVERS / "mlserver"
    environment = ENVIRONMENTS / "mlserver"
    models = frozenset({"noop", "device", "busy", "upload", "tensor", "binary", "slow"})

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        work.mkdir(parents=True, exist_ok=True)
        settings = {
            "host": "127.0.0.1",
            "http_port": port,
            "grpc_port": port + 1000,
            "metrics_port": port + 2000,
            "parallel_workers": workload.workers,
            "debug": False,
        }
        model = {
            "name": workload.model,
            "implementation": f"models.{workload.model.capitalize()}",
        }
        if workload.model == "device":
            model |= {"max_batch_size": 32, "max_batch_time": 0.005}
        (work / "settings.json").write_text(json.dumps(settings))
        (work / "model-settings.json").write_text(json.dumps(model))
        return [self.program("mlserver"), "start", str(work)]

    def request(self, workload: Workload) -> Request:
        path = f"/v2/models/{workload.model}/infer"
        return replace(workloads.open_inference(workload.model), path=path)


ANCHOR = FastApi("FastAPI", "inline")
FIELD: tuple[Contestant, ...] = (
    ANCHOR,
    FastApi("FastAPI, again", "inline"),
    FastApi("FastAPI, def", "threads"),
    Deepaas(),
    DeepaasOpenInference(),
    Deepaas2Model(),
    Deepaas26(),
    LitServe(),
    BentoMl(),
    MlServer(),
)
