"""The same prediction through every door: the answers are the same."""

from __future__ import annotations

import base64
import io
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tests.support.server import ServerProcess, free_port
from tests.support.whisk import Container

import deepaas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = Path(__file__).parent / "models/truth"
OF_FILES: Final = ("modern", "of_2x", "of_2018")

CONTENT: Final = bytes(range(256)) * 3  # no text, and has zeros
FACTOR: Final = 0.5
WEIGHED: Final = {"size": 768, "weight": 48_960.0}

NUMBERS: Final = np.array([[1.5, 2.0, 0.25], [-1.0, 1e-3, 7.0]], np.float32)
SUMS: Final = (NUMBERS.sum(axis=1) * np.float32(FACTOR)).tolist()


class Doors:
    """All ways to ask the models: a server, and an action of OpenWhisk."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        port, rpc_port = free_port(), free_port()
        models = [f"{path.stem}={path}" for path in sorted(MODELS.glob("*.py"))]
        self.server = ServerProcess(
            [
                *(sys.executable, "-m", "deepaas.cli.main", "serve", "--strict"),
                *("--listen-port", str(port), "--grpc-port", str(rpc_port)),
                *models,
            ],
            port=port,
            folder=folder / "server",
        )
        stack.callback(self.server.kill)
        self.server.wait_until_ready("/readyz")
        self.http = stack.enter_context(
            httpx2.Client(base_url=self.server.url, timeout=30)
        )
        self.client = stack.enter_context(deepaas.Client(self.server.url))
        self.triton = tritonclient.http.InferenceServerClient(f"127.0.0.1:{port}")
        stack.callback(self.triton.close)
        self.rpc = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{rpc_port}")
        stack.callback(self.rpc.close)
        self.action = stack.enter_context(Container(folder / "action", *models))
        assert 200 == self.action.init().status

    def post(self, path: str, **request: Any) -> Any:
        """Return the JSON of an answer."""
        answer = self.http.post(path, **request)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def activate(self, value: dict[str, Any]) -> Any:
        """Return the result of an activation."""
        activation = self.action.run(value)
        assert 200 == activation.status, activation
        return activation.result


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with ExitStack() as stack:
        yield Doors(tmp_path_factory.mktemp("doors"), stack)


# ------------------------------------------------------------------------- files


def by_form(doors: Doors, model: str) -> Any:
    return doors.post(
        f"/v2/models/{model}/predict/",
        files={"data": ("data.bin", CONTENT)},
        params={"factor": FACTOR} if model != "modern" else None,
        data={"factor": FACTOR} if model == "modern" else None,
    )


def by_version_1(doors: Doors, model: str) -> Any:
    return doors.post(
        f"/v1/models/{model}/predict",
        files={"data": ("data.bin", CONTENT)},
        params={"factor": FACTOR},
    )


def by_process(doors: Doors, model: str) -> Any:
    return doors.post(
        f"/processes/{model}.predict/execution",
        json={"inputs": {"data": qualified(), "factor": FACTOR}},
    )


def by_client(doors: Doors, model: str) -> Any:
    return doors.client.predict(model, data=io.BytesIO(CONTENT), factor=FACTOR)


def by_invocation(doors: Doors, model: str) -> Any:
    arguments = {"data": qualified(), "factor": FACTOR}
    return doors.activate({"model": model, "args": arguments})


def by_web_action(doors: Doors, model: str) -> Any:
    request = httpx2.Request(
        "POST", "http://a.example", files={"data": ("data.bin", CONTENT)}
    )
    answer = doors.action.web(
        "post",
        f"/v2/models/{model}/predict/",
        headers=dict(request.headers),
        query=f"factor={FACTOR}",
        body=request.read(),
    )
    assert 200 == answer["statusCode"], answer
    return answer["body"]


def by_inference_json(doors: Doors, model: str) -> Any:
    encoded = base64.b64encode(CONTENT).decode()
    answer = doors.post(
        f"/v2/models/{model}/infer",
        json={
            "inputs": [
                {
                    "name": "data",
                    "datatype": "BYTES",
                    "shape": [1],
                    "data": [encoded],
                    "parameters": {"content_type": "base64"},
                },
                {
                    "name": "factor",
                    "datatype": "FP64",
                    "shape": [1],
                    "data": [FACTOR],
                },
            ]
        },
    )
    (output,) = answer["outputs"]
    return json.loads(output["data"][0])


def by_inference_binary(doors: Doors, model: str) -> Any:
    return by_triton(doors.triton, tritonclient.http, model)


def by_grpc(doors: Doors, model: str) -> Any:
    return by_triton(doors.rpc, tritonclient.grpc, model)


def by_triton(client: Any, module: Any, model: str) -> Any:
    data = module.InferInput("data", [1], "BYTES")
    data.set_data_from_numpy(np.array([CONTENT], object))
    factor = module.InferInput("factor", [1], "FP64")
    factor.set_data_from_numpy(np.array([FACTOR]))
    result = client.infer(model, [data, factor])
    return json.loads(result.as_numpy("predictions").item())


def qualified() -> dict[str, str]:
    return {
        "value": base64.b64encode(CONTENT).decode(),
        "mediaType": "application/octet-stream",
    }


FOR_ALL: Final = (
    by_form,
    by_process,
    by_client,
    by_invocation,
    by_web_action,
    by_inference_json,
    by_inference_binary,
    by_grpc,
)


@pytest.mark.parametrize("model", OF_FILES)
@pytest.mark.parametrize("ask", FOR_ALL)
def test_every_door_gives_the_same_answer(
    ask: Callable[[Doors, str], Any], model: str, doors: Doors
) -> None:
    answer = ask(doors, model)
    if model != "modern" and "predictions" in answer:
        answer = answer["predictions"]  # 2.x puts results without a schema in there

    assert WEIGHED == answer


def test_a_model_of_2018_gives_it_at_the_address_of_its_time(doors: Doors) -> None:
    assert WEIGHED == by_version_1(doors, "of_2018")


# ------------------------------------------------------------------------ arrays


def arrays_by_json(doors: Doors) -> Any:
    body = {"numbers": NUMBERS.tolist(), "factor": FACTOR}
    return doors.post("/v2/models/arrays/predict/", json=body)


def arrays_by_process(doors: Doors) -> Any:
    inputs = {"numbers": NUMBERS.tolist(), "factor": FACTOR}
    return doors.post("/processes/arrays.predict/execution", json={"inputs": inputs})


def arrays_by_invocation(doors: Doors) -> Any:
    return doors.activate(
        {"model": "arrays", "args": {"numbers": NUMBERS.tolist(), "factor": FACTOR}}
    )


def arrays_by_inference_json(doors: Doors) -> Any:
    return arrays_by_triton(doors.triton, tritonclient.http, binary_data=False)


def arrays_by_inference_binary(doors: Doors) -> Any:
    return arrays_by_triton(doors.triton, tritonclient.http, binary_data=True)


def arrays_by_grpc(doors: Doors) -> Any:
    return arrays_by_triton(doors.rpc, tritonclient.grpc)


def arrays_by_triton(client: Any, module: Any, **form: bool) -> Any:
    numbers = module.InferInput("numbers", list(NUMBERS.shape), "FP32")
    numbers.set_data_from_numpy(NUMBERS, **form)
    factor = module.InferInput("factor", [1], "FP64")
    factor.set_data_from_numpy(np.array([FACTOR]), **form)
    outputs = [
        module.InferRequestedOutput(name, **form) for name in ("sums", "largest")
    ]
    result = client.infer("arrays", [numbers, factor], outputs=outputs)
    return {
        "sums": result.as_numpy("sums").tolist(),
        "largest": result.as_numpy("largest").item(),
    }


@pytest.mark.parametrize(
    "ask",
    [
        arrays_by_json,
        arrays_by_process,
        arrays_by_invocation,
        arrays_by_inference_json,
        arrays_by_inference_binary,
        arrays_by_grpc,
    ],
)
def test_arrays_come_back_the_same_to_the_last_bit(
    ask: Callable[[Doors], Any], doors: Doors
) -> None:
    assert {"sums": SUMS, "largest": 7.0} == ask(doors)
