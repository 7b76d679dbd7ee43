"""What container platforms expect: Knative's contract, OSCAR's paths, proxies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = """\
import pathlib

def predict(wait_for: str = "") -> str:
    if wait_for:
        pathlib.Path(wait_for).read_bytes()  # a pipe, until somebody writes to it
    return "done"

def train() -> None:
    pass
"""
CONTAINERFILE = Path(__file__).parents[2] / "deploy" / "Containerfile"
PREDICT = "/v2/models/slow/predict/"
PREFIX = "/system/services/my%20slow/exposed"


def start(
    folder: Path, *options: str, ready: str = "/readyz", **environment: str
) -> ServerProcess:
    (folder / "slow.py").write_text(MODEL)
    port = int(environment.get("PORT") or free_port())
    server = ServerProcess(
        [sys.executable, "-m", "deepaas.cli.main", "serve", *options, "slow.py"],
        port=port,
        folder=folder,
        environment={"PORT": str(port), **environment},
    )
    server.wait_until_ready(ready)
    return server


@pytest.fixture(scope="module", params=["told", "found", "header"])
def behind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """A client of a server behind a proxy that takes its prefix away, or leaves it."""
    folder = tmp_path_factory.mktemp("behind")
    options = {"header": ["--trust-proxy"], "told": ["--proxy-prefix", PREFIX]}
    platform = {"found": {"OSCAR_SERVICE_BASE_PATH": PREFIX}}
    header = {"header": {"x-forwarded-prefix": PREFIX}}
    server = start(
        folder, *options.get(request.param, ()), **platform.get(request.param, {})
    )
    headers = header.get(request.param, {})
    with httpx2.Client(base_url=server.url, headers=headers, timeout=50) as client:
        yield client
    assert 0 == server.stop()


@pytest.mark.parametrize("seen", ["", PREFIX])
def test_every_link_has_the_prefix(seen: str, behind: httpx2.Client) -> None:
    landing = behind.get(f"{seen}/").json()
    metadata = behind.get(f"{seen}/v2/models/slow/").json()
    process = behind.get(f"{seen}/processes/slow.train").json()
    job = behind.post(f"{seen}{PREDICT}", headers={"prefer": "respond-async"}, json={})
    versions = behind.get(f"{seen}/models/slow/versions").json()
    training = behind.post(f"{seen}/v2/models/slow/train/")

    found = [link["href"] for link in [*landing["links"], *metadata["links"]]]
    found += [link["href"] for link in [*process["links"], *job.json()["links"]]]
    found += [link["href"] for link in versions["versions"][0]["links"]]
    found += [job.headers["location"], training.headers["link"].strip("<")]
    root = str(behind.base_url).rstrip("/") + PREFIX
    assert [] == [one for one in found if not one.startswith((PREFIX, root))]


@pytest.mark.parametrize("seen", ["", PREFIX])
def test_redirects_documents_and_pages_have_the_prefix(
    seen: str, behind: httpx2.Client
) -> None:
    (link,) = behind.get(f"{seen}/v2").json()["links"]
    assert f"{PREFIX}/v2/" == link["href"]
    assert f"{PREFIX}/api" == behind.get(f"{seen}/ui").headers["location"]
    for document in ("openapi.json", "swagger.json"):
        assert PREFIX + PREDICT in behind.get(f"{seen}/{document}").json()["paths"]
    page = behind.get(f"{seen}/", headers={"accept": "text/html"}).text
    assert 'href="./api"' in page if seen else f'href="{PREFIX}/api"' in page
    assert 200 == behind.get(f"{seen}/static/swagger/start.js").status_code


@pytest.mark.parametrize("seen", ["", PREFIX])
def test_predictions_are_there(seen: str, behind: httpx2.Client) -> None:
    assert "done" == behind.post(f"{seen}{PREDICT}", json={}).json()
    assert 200 == behind.get(f"{seen}/livez").status_code
    assert 404 == behind.get(f"{seen}/nowhere").status_code


def test_sigterm_leaves_time_to_hear_of_it(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    platform = {"K_SERVICE": "slow", "K_REVISION": "slow-1"}
    server = start(tmp_path, "--no-jobs", "--linger", "3600", **platform)
    with httpx2.Client(base_url=server.url, timeout=50) as client:
        verbose = client.get("/readyz?verbose").json()
        assert platform == verbose["platform"]
        assert "platform" not in client.get("/readyz").json()
        with ThreadPoolExecutor() as executor:
            running = executor.submit(
                httpx2.post,
                server.url + PREDICT,
                json={"wait_for": str(gate)},
                timeout=50,
            )
            server.process.send_signal(signal.SIGTERM)
            while client.get("/readyz").status_code == 200:
                os.sched_yield()

            gate.write_bytes(b"")
            assert 200 == running.result().status_code
        assert 200 == client.post(PREDICT, json={}).status_code
    assert 0 == server.stop()


def test_what_runs_is_finished(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    server = start(tmp_path, "--no-jobs", "--linger", "0.01")
    with ThreadPoolExecutor() as executor:
        body = {"wait_for": str(gate)}
        running = executor.submit(
            httpx2.post, server.url + PREDICT, json=body, timeout=50
        )
        with gate.open("wb"):  # returns when the model has begun to wait
            server.process.send_signal(signal.SIGTERM)
            server.wait_for_output("SIGTERM")
        assert 200 == running.result().status_code
    assert 0 == server.process.wait(20)


SCRIPT = """\
deepaas-cli --model-name ./sizes.py --deepaas_method_output="$TMP_OUTPUT_DIR/out.json" \
    predict --files "$INPUT_FILE_PATH"
"""
SIZES = """\
import deepaas

def predict(files: deepaas.File) -> dict[str, int]:
    print("a word of the model")
    return {"size": len(files.read_bytes())}
"""


@pytest.mark.parametrize("is_there", [True, False])
def test_oscar_runs_the_command_line_in_a_script(
    tmp_path: Path, *, is_there: bool
) -> None:
    (tmp_path / "sizes.py").write_text(SIZES)
    (tmp_path / "script.sh").write_text(SCRIPT)
    output = tmp_path / "output"
    output.mkdir()
    if is_there:
        (tmp_path / "event").write_bytes(b"12345")

    done = subprocess.run(
        ["/bin/sh", "script.sh"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "INPUT_FILE_PATH": str(tmp_path / "event"),
            "TMP_OUTPUT_DIR": str(output),
        },
        check=False,
    )

    assert is_there == (done.returncode == 0)
    found = {one.name: json.loads(one.read_text()) for one in output.iterdir()}
    assert found == ({"out.json": {"size": 5}} if is_there else {})


@pytest.mark.parametrize("is_there", [True, False])
def test_the_image_asks_the_server_for_its_health(
    tmp_path: Path, *, is_there: bool
) -> None:
    image = CONTAINERFILE.read_text().replace("\\\n", "")
    program = json.loads(
        re.findall(r"^HEALTHCHECK .* CMD (.*)$", image, re.MULTILINE)[0]
    )
    platform = {"PORT": str(free_port()), "DEEPAAS_SERVER__BASE_PATH": "/a/b"}
    server = None
    if is_there:
        server = start(tmp_path, "--no-jobs", ready="/a/b/readyz", **platform)

    asked = subprocess.run(program, env={**os.environ, **platform}, check=False)

    assert is_there == (asked.returncode == 0)
    if server is not None:
        assert 0 == server.stop()


def test_without_a_place_for_jobs_there_are_predictions(tmp_path: Path) -> None:
    server = start(tmp_path, "--strict", XDG_DATA_HOME="/proc/none")
    with httpx2.Client(base_url=server.url, timeout=50) as client:
        assert "done" == client.post(PREDICT, json={}).json()
        assert 503 == client.post("/v2/models/slow/train/").status_code
    assert 0 == server.stop()
