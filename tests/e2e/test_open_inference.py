"""The Open Inference Protocol, asked by a client that others wrote."""

from __future__ import annotations

import gzip
import json
import os
import queue
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import httpx2
import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tests.support.server import ServerProcess, free_port
from tritonclient.utils import InferenceServerException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = Path(__file__).parent / "models"
NAMES = ("tensors", "tensors_batched", "many_v2", "waiting")

NUMBERS: Final = np.arange(4, dtype=np.float32)


class Server(ServerProcess):
    """A server that speaks both."""

    rpc: str = ""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port, rpc_port = free_port(), free_port()
    started = Server(
        [
            *(sys.executable, "-m", "deepaas.cli.main", "serve", "--strict"),
            *("--listen-port", str(port), "--grpc-port", str(rpc_port)),
            "--repository-control",
            *(MODELS / f"{name}.py" for name in NAMES),
        ],
        port=port,
        folder=tmp_path_factory.mktemp("server"),
    )
    started.rpc = f"127.0.0.1:{rpc_port}"
    started.wait_until_ready("/readyz")
    yield started
    assert started.stop() == 0
    assert "Bug" not in started.output


class Triton:
    """One of Triton's clients; the two differ in little."""

    def __init__(self, module: Any, address: str, **options: Any) -> None:
        self._module = module
        self.client = module.InferenceServerClient(address, **options)

    def given(self, name: str, array: Any, datatype: str, **options: Any) -> Any:
        made = self._module.InferInput(name, list(array.shape), datatype)
        made.set_data_from_numpy(array, **options)
        return made

    def output(self, name: str, **options: Any) -> Any:
        return self._module.InferRequestedOutput(name, **options)

    def x(self, array: Any = NUMBERS) -> Any:
        return self.given("x", array, "FP32")


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[Triton]:
    made = Triton(tritonclient.http, server.url.removeprefix("http://"), concurrency=8)
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def rpc(server: Server) -> Iterator[Triton]:
    made = Triton(tritonclient.grpc, server.rpc)
    yield made
    made.client.close()


@pytest.fixture(params=["http", "rpc"])
def triton(request: pytest.FixtureRequest) -> Triton:
    found: Triton = request.getfixturevalue(request.param)
    return found


def refused(ask: Callable[[], Any]) -> tuple[str, str]:
    """Return status and message of the error that something gives."""
    with pytest.raises(InferenceServerException) as raised:
        ask()
    return raised.value.status(), raised.value.message()


# ------------------------------------------------------------------- what there is


def test_the_server_and_its_models_are_ready(triton: Triton) -> None:
    client = triton.client

    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("tensors")
    assert client.is_model_ready("tensors", "0")


def test_what_is_not_there_is_not_ready(http: Triton, rpc: Triton) -> None:
    assert not http.client.is_model_ready("missing")
    assert not http.client.is_model_ready("tensors", "7")
    assert "NOT_FOUND" in refused(lambda: rpc.client.is_model_ready("missing"))[0]


def test_metadata_name_the_tensors(http: Triton, rpc: Triton) -> None:
    metadata = http.client.get_model_metadata("tensors")
    of_rpc = rpc.client.get_model_metadata("tensors", as_json=True)

    assert ("tensors", ["0"]) == (metadata["name"], metadata["versions"])
    assert {"name": "x", "datatype": "FP32", "shape": [-1]} == metadata["inputs"][0]
    outputs = [one["datatype"] for one in metadata["outputs"]]
    assert ["FP32", "FP64", "BYTES", "FP16", "BF16"] == outputs
    assert outputs == [one["datatype"] for one in of_rpc["outputs"]]
    assert metadata == http.client.get_model_metadata("tensors", "0")


def test_server_metadata_tell_the_extensions(http: Triton, rpc: Triton) -> None:
    metadata = http.client.get_server_metadata()
    of_rpc = rpc.client.get_server_metadata(as_json=True)

    assert ["binary_tensor_data", "model_repository"] == metadata["extensions"]
    assert metadata.items() >= of_rpc.items()


@pytest.mark.parametrize("model", ["tensors", "many_v2"])
def test_one_document_describes_a_model_to_both(server: Server, model: str) -> None:
    here = f"{server.url}/v2/models/{model}"

    bare, slashed = httpx2.get(here).json(), httpx2.get(f"{here}/").json()

    assert model == bare["name"] == bare["id"]
    assert bare["links"] == slashed["links"]
    assert {**bare, "name": ""} == {**slashed, "name": ""}


def test_the_index_lists_all_models(http: Triton, rpc: Triton) -> None:
    index = http.client.get_model_repository_index()
    of_rpc = rpc.client.get_model_repository_index(as_json=True)

    assert [*NAMES] == [one["name"] for one in index]
    assert {("0", "READY")} == {(one["version"], one["state"]) for one in index}
    assert [*NAMES] == [one["name"] for one in of_rpc["models"]]


# --------------------------------------------------------------------- inferences


def test_arrays_go_in_and_out(triton: Triton) -> None:
    result = triton.client.infer("tensors", [triton.x()], request_id="7")

    assert (NUMBERS * 2).tolist() == result.as_numpy("doubled").tolist()
    assert [12.0] == result.as_numpy("total").tolist()
    assert [b"0 bytes"] == result.as_numpy("texts").tolist()
    assert result.as_numpy("half") is None


def test_tensors_of_all_kinds_arrive(triton: Triton) -> None:
    sixteen = NUMBERS.astype(np.float16)
    brain = NUMBERS.astype(ml_dtypes.bfloat16)
    texts = np.array(["é".encode(), b""], dtype=object)
    inputs = [
        triton.x(),
        triton.given("half", sixteen, "FP16"),
        triton.given("brain", brain, "BF16"),
        triton.given("texts", texts, "BYTES"),
        triton.given("content", np.array([b"\xff\0"], dtype=object), "BYTES"),
        triton.given("factor", np.array([3]), "INT64"),
    ]

    result = triton.client.infer("tensors", inputs, model_version="0")

    assert (NUMBERS * 3).tolist() == result.as_numpy("doubled").tolist()
    assert (np.float16, sixteen.tolist()) == (
        result.as_numpy("half").dtype,
        result.as_numpy("half").tolist(),
    )
    assert brain.tolist() == result.as_numpy("brain").tolist()
    assert ["é".encode(), b"", b"2 bytes"] == result.as_numpy("texts").tolist()


def test_the_id_of_a_request_comes_back(http: Triton, rpc: Triton) -> None:
    result = http.client.infer("tensors", [http.x()], request_id="a 7")
    of_rpc = rpc.client.infer("tensors", [rpc.x()], request_id="a 7")

    assert ("a 7", "0") == (
        result.get_response()["id"],
        result.get_response()["model_version"],
    )
    assert ("a 7", "0") == (
        of_rpc.get_response().id,
        of_rpc.get_response().model_version,
    )


def test_only_the_outputs_that_are_asked_for_come(triton: Triton) -> None:
    wanted = [triton.output("total")]

    result = triton.client.infer("tensors", [triton.x()], outputs=wanted)

    assert [12.0] == result.as_numpy("total").tolist()
    assert result.as_numpy("doubled") is None


@pytest.mark.parametrize("sent", [None, "gzip", "deflate"])
@pytest.mark.parametrize("wanted", [None, "gzip", "deflate"])
def test_bodies_may_be_compressed(
    http: Triton, sent: str | None, wanted: str | None
) -> None:
    result = http.client.infer(
        "tensors",
        [http.x()],
        request_compression_algorithm=sent,
        response_compression_algorithm=wanted,
    )

    assert [12.0] == result.as_numpy("total").tolist()


@pytest.mark.parametrize("is_binary_in", [True, False])
@pytest.mark.parametrize("is_binary_out", [True, False])
def test_json_and_bytes_may_be_mixed(
    http: Triton, is_binary_in: bool, is_binary_out: bool
) -> None:
    texts = np.array(["é".encode()], dtype=object)
    inputs = [
        http.given("x", NUMBERS, "FP32", binary_data=is_binary_in),
        http.given("texts", texts, "BYTES", binary_data=not is_binary_in),
    ]
    outputs = [
        http.output("doubled", binary_data=is_binary_out),
        http.output("texts", binary_data=not is_binary_out),
    ]

    result = http.client.infer("tensors", inputs, outputs=outputs)

    assert (NUMBERS * 2).tolist() == result.as_numpy("doubled").tolist()
    names = [one["name"] for one in result.get_response()["outputs"]]
    assert ["doubled", "texts"] == names


@pytest.mark.parametrize("count", [1_000, 100_000, 1_000_000])
def test_large_tensors_arrive(triton: Triton, count: int) -> None:
    numbers = np.arange(count, dtype=np.float32)

    result = triton.client.infer("tensors", [triton.x(numbers)])

    assert np.array_equal(numbers * 2, result.as_numpy("doubled"))


def test_many_may_ask_at_once(http: Triton) -> None:
    asked = [
        http.client.async_infer("tensors", [http.x(NUMBERS * n)]) for n in range(64)
    ]

    totals = [one.get_result().as_numpy("total").item() for one in asked]

    assert [12.0 * n for n in range(64)] == totals


def test_many_may_ask_over_grpc_at_once(rpc: Triton) -> None:
    done: queue.Queue[Any] = queue.Queue()

    for n in range(64):
        rpc.client.async_infer(
            "tensors",
            [rpc.x(NUMBERS * n)],
            callback=lambda result, error: done.put((result, error)),
        )

    totals = [done.get(timeout=30)[0].as_numpy("total").item() for _ in range(64)]
    assert [12.0 * n for n in range(64)] == sorted(totals)


def test_a_batched_model_is_asked_likewise(triton: Triton) -> None:
    image = np.ones((3, 2), np.float32)

    result = triton.client.infer(
        "tensors_batched", [triton.given("image", image, "FP32")]
    )

    assert (image + 1).tolist() == result.as_numpy("predictions").tolist()


def test_a_2x_model_takes_files_as_bytes(triton: Triton) -> None:
    photo = np.array([b"12345"], dtype=object)

    result = triton.client.infer(
        "many_v2",
        [
            triton.given("photo", photo, "BYTES"),
            triton.given("x", np.array([3]), "INT64"),
        ],
    )

    [text] = result.as_numpy("predictions").tolist()
    assert {"content": "12345", "x": 3}.items() <= json.loads(text).items()


def test_an_inference_needs_no_content_type(server: Server) -> None:
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [2]}]}
    url = f"{server.url}/v2/models/tensors/infer"

    answer = httpx2.post(url, content=json.dumps(body))

    assert 200 == answer.status_code
    assert "application/json" == answer.headers["content-type"]
    assert [4.0] == answer.json()["outputs"][0]["data"]


def test_a_caller_who_leaves_ends_what_can_be_ended(
    server: Server, rpc: Triton
) -> None:
    def state() -> dict[str, int]:
        url = f"{server.url}/v2/models/waiting/predict/"
        found: dict[str, int] = httpx2.post(url, json={}, timeout=30).json()
        return found

    before = state()["cancelled"]
    seconds = rpc.given("seconds", np.array([600.0]), "FP64")

    call = rpc.client.async_infer("waiting", [seconds], callback=lambda **_: None)
    while state()["now"] == 0:
        pass
    call.cancel()

    while state()["cancelled"] == before:
        pass


@pytest.mark.parametrize("letter", ["ü", "漢", "😀"])
def test_an_error_over_grpc_fits_into_its_headers(rpc: Triton, letter: str) -> None:
    unknown = rpc.given(letter * 20_000, NUMBERS, "FP32")

    status, message = refused(lambda: rpc.client.infer("tensors", [unknown]))

    assert "StatusCode.INVALID_ARGUMENT" == status
    assert f"no input '{letter}" in message


# ------------------------------------------------------------------ what is wrong


def test_a_wrong_tensor_is_the_callers_fault(triton: Triton) -> None:
    wrong = {
        "has to be FP32": triton.given("x", NUMBERS.astype(np.float64), "FP64"),
        "shape": triton.x(NUMBERS.reshape(2, 2)),
        "no input 'y'": triton.given("y", NUMBERS, "FP32"),
        "/x: This argument is required": triton.given(
            "factor", np.ones(1, int), "INT64"
        ),
    }

    for reason, one in wrong.items():
        status, message = refused(lambda one=one: triton.client.infer("tensors", [one]))  # type: ignore[misc]  # bound at once
        assert status in ("400", "StatusCode.INVALID_ARGUMENT")
        assert reason in message


def test_what_is_unknown_is_not_found(triton: Triton) -> None:
    found = [
        refused(lambda: triton.client.infer("missing", [triton.x()])),
        refused(
            lambda: triton.client.infer("tensors", [triton.x()], model_version="7")
        ),
        refused(
            lambda: triton.client.infer("tensors", [triton.x()], model_version="a")
        ),
        refused(lambda: triton.client.get_model_metadata("missing")),
        refused(lambda: triton.client.get_model_metadata("tensors", "7")),
    ]

    assert {"404" if "404" in found[0][0] else "StatusCode.NOT_FOUND"} == {
        status for status, _ in found
    }


def test_an_error_of_one_caller_is_that_callers(triton: Triton) -> None:
    empty = triton.given("image", np.ones((0, 2), np.float32), "FP32")

    _, message = refused(lambda: triton.client.infer("tensors_batched", [empty]))

    assert "The image is empty." == message


def test_other_extensions_are_refused_by_name(triton: Triton) -> None:
    client = triton.client
    asked: dict[str, Callable[[], Any]] = {
        "model_configuration": lambda: client.get_model_config("tensors"),
        "statistics": client.get_inference_statistics,
        "trace": client.get_trace_settings,
        "logging": client.get_log_settings,
        "system_shared_memory": client.get_system_shared_memory_status,
        "cuda_shared_memory": client.get_cuda_shared_memory_status,
        "classification": lambda: client.infer(
            "tensors", [triton.x()], outputs=[triton.output("doubled", class_count=2)]
        ),
        "sequence": lambda: client.infer("tensors", [triton.x()], sequence_id=3),
    }

    for extension, ask in asked.items():
        status, message = refused(ask)
        assert extension in message
        assert status in (
            ("400", "StatusCode.INVALID_ARGUMENT")
            if extension in ("classification", "sequence")
            else ("404", "StatusCode.UNIMPLEMENTED")
        )


def test_a_method_that_is_refused_has_an_id_too(server: Server) -> None:
    with grpc.insecure_channel(server.rpc) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ModelConfig")
        with pytest.raises(grpc.RpcError) as raised:
            ask(b"", metadata=(("x-request-id", "seven"),))

    assert ("x-request-id", "seven") in raised.value.trailing_metadata()


def test_a_stream_is_refused_by_name(rpc: Triton) -> None:
    told: queue.Queue[Any] = queue.Queue()

    rpc.client.start_stream(callback=lambda result, error: told.put(error))

    error = told.get(timeout=30)
    rpc.client.stop_stream()
    assert "UNIMPLEMENTED" in error.status()
    assert "stream" in error.message()


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"", 400),
        ({}, b"\xff", 400),
        ({}, b'{"inputs": [{"name": "x", "data": [NaN]}]}', 400),
        ({"Inference-Header-Content-Length": "many"}, b"{}", 400),
        ({"Inference-Header-Content-Length": "7"}, b"{}", 400),
        ({"Content-Encoding": "gzip"}, b"{}", 400),
        ({"Content-Encoding": "br"}, b"{}", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    server: Server, headers: dict[str, str], body: bytes, status: int
) -> None:
    url = f"{server.url}/v2/models/tensors/infer"

    answer = httpx2.post(url, content=body, headers=headers)

    assert status == answer.status_code
    assert "application/json" == answer.headers["content-type"]
    assert answer.json()["error"]


# -------------------------------------------------------------------- the control


def test_a_model_is_unloaded_and_loaded(triton: Triton) -> None:
    client = triton.client
    image = triton.given("image", np.ones((1, 2), np.float32), "FP32")

    client.unload_model("tensors_batched")
    try:
        assert not client.is_model_ready("tensors_batched")
        status, message = refused(lambda: client.infer("tensors_batched", [image]))
        assert status in ("503", "StatusCode.UNAVAILABLE")
        assert "load" in message
    finally:
        client.load_model("tensors_batched")

    assert client.is_model_ready("tensors_batched")
    client.load_model("tensors_batched")
    assert client.infer("tensors_batched", [image]).as_numpy("predictions").all()


def test_a_model_that_is_not_there_is_not_loaded(triton: Triton) -> None:
    status, _ = refused(lambda: triton.client.load_model("missing"))

    assert status in ("404", "StatusCode.NOT_FOUND")


def test_a_model_is_loaded_as_the_operator_has_set_it_up(triton: Triton) -> None:
    _, message = refused(lambda: triton.client.load_model("tensors", config="{}"))

    assert "parameters" in message


def test_a_body_that_grows_too_large_is_refused(server: Server) -> None:
    url = f"{server.url}/v2/models/tensors/infer"
    bomb = gzip.compress(bytes(100_000_001), compresslevel=1)

    answer = httpx2.post(url, content=bomb, headers={"Content-Encoding": "gzip"})

    assert 413 == answer.status_code
    assert "100000000" in answer.json()["error"]


def test_the_limit_of_bodies_may_be_higher_than_that_of_grpc(tmp_path: Path) -> None:
    port = free_port()
    started = ServerProcess(
        [
            *(sys.executable, "-m", "deepaas.cli.main", "serve", "--no-jobs"),
            *("--listen-port", str(port), "--grpc-port", "0"),
            *("--body-limit", "4GiB", MODELS / "tensors.py"),
        ],
        port=port,
        folder=tmp_path,
    )

    started.wait_until_ready("/readyz")

    assert started.stop() == 0


SLOW = """
def predict(gate: str) -> str:
    with open(gate) as file:
        return file.read()
"""


def test_a_call_that_runs_is_finished_when_the_server_ends(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    port, rpc_port = free_port(), free_port()
    started = ServerProcess(
        [
            *(sys.executable, "-m", "deepaas.cli.main", "serve", "--no-jobs"),
            *("--listen-port", str(port), "--grpc-port", str(rpc_port), "slow.py"),
        ],
        port=port,
        folder=tmp_path,
    )
    started.wait_until_ready("/readyz")
    answers: queue.Queue[Any] = queue.Queue()
    with tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{rpc_port}") as client:
        path = tritonclient.grpc.InferInput("gate", [1], "BYTES")
        path.set_data_from_numpy(np.array([str(gate).encode()], object))
        client.async_infer(
            "slow",
            [path],
            callback=lambda result, error: answers.put((result, error)),
        )
        with gate.open("w") as opened:  # by now the model has opened it as well
            started.process.send_signal(signal.SIGTERM)
            started.wait_for_output("ending when predictions that run are done")
            with pytest.raises(
                InferenceServerException, match=r"CANCELLED|UNAVAILABLE"
            ):
                client.is_server_live()
            opened.write("through")
        result, error = answers.get(timeout=30)

    assert error is None
    assert [b"through"] == result.as_numpy("predictions").tolist()
    assert started.process.wait(20) == 0


@pytest.mark.parametrize("address", ["/v2/health/live", "/v2/health/ready"])
def test_probes_leave_the_log_alone(address: str, server: Server) -> None:
    for _ in range(3):
        assert 200 == httpx2.get(server.url + address).status_code
    httpx2.get(server.url + "/v2")

    assert address not in server.wait_for_output("/v2 ")
