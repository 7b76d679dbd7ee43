"""Jobs over HTTP, as clients meet them: with a real server and real processes."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = Path(__file__).parent / "models" / "trainable.py"
OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
FINAL = ("successful", "failed", "dismissed")
WAIT = {"prefer": "wait=30"}
TRAIN = "/processes/trainable.train/execution"
VALIDATE = "/processes/trainable.validate/execution"
PREDICT = "/processes/trainable.predict/execution"
V2_PREDICT = "/v2/models/trainable/predict/"
NOBODY = "0" * 32

Start = "Callable[..., ServerProcess]"


class Client(httpx2.Client):
    """A caller who knows what a job is."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, timeout=60)

    def submit(self, address: str = TRAIN, **inputs: Any) -> str:
        """Submit a job and return its id."""
        answer = self.post(address, json={"inputs": inputs})
        assert 201 == answer.status_code, answer.text
        job_id: str = answer.json()["jobID"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the status of a job."""
        document: dict[str, Any] = self.get(f"/jobs/{job_id}").json()
        return document

    def wait_for(self, job_id: str, *states: str) -> dict[str, Any]:
        """Return the status of a job as soon as it is in one of some states."""
        while True:
            document: dict[str, Any] = self.get(f"/jobs/{job_id}", headers=WAIT).json()
            if document["status"] in states:
                return document

    def ended(self, **inputs: Any) -> dict[str, Any]:
        """Return the status of a training that is over."""
        return self.wait_for(self.submit(**inputs), *FINAL)

    def all(self, **parameters: Any) -> list[str]:
        """Return the ids of jobs."""
        listed = self.get("/jobs", params={"limit": 1000, **parameters}).json()["jobs"]
        return [one["jobID"] for one in listed]


@pytest.fixture(scope="module")
def start_module(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., ServerProcess]]:
    yield from _starter(tmp_path_factory.mktemp("servers"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    yield from _starter(tmp_path)


def _starter(folder: Path) -> Iterator[Callable[..., ServerProcess]]:
    started: list[ServerProcess] = []

    def start_one(
        *options: str, base_path: str = "", environment: dict[str, str] | None = None
    ) -> ServerProcess:
        port = free_port()
        server = ServerProcess(
            [
                *(sys.executable, "-m", "deepaas.cli.main", "serve", str(MODEL)),
                *("--listen-port", str(port), "--base-path", base_path),
                *("--job-grace", "0.5", *options),
            ],
            port=port,
            folder=folder / f"server-{len(started)}",
            environment=environment,
        )
        started.append(server)
        server.wait_until_ready(f"{base_path}/readyz")
        return server

    yield start_one
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def server(start_module: Callable[..., ServerProcess]) -> ServerProcess:
    return start_module("--activation", "manual")


@pytest.fixture
def http(server: ServerProcess) -> Iterator[Client]:
    with Client(server.url) as client:
        yield client


def problem(answer: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    """Return a problem document that is as it shall be."""
    assert status == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]
    document: dict[str, Any] = answer.json()
    prefix = "" if kind.startswith("http") else "urn:deepaas:problem:"
    assert (status, prefix + kind) == (document["status"], document["type"])
    return document


# ------------------------------------------------------------------- processes


def test_the_root_leads_to_the_processes(http: Client) -> None:
    links = {
        one["rel"].rpartition("/")[2]: one["href"]
        for one in http.get("/").json()["links"]
    }

    assert 5 == len(http.get(links["conformance"]).json()["conformsTo"])
    listed = http.get(links["processes"]).json()["processes"]
    names = ["trainable.predict", "trainable.train", "trainable.validate"]
    assert names == [one["id"] for one in listed]
    assert 200 == http.get(links["job-list"]).status_code


def test_processes_are_listed_in_pages(http: Client) -> None:
    first = http.get("/processes", params={"limit": 2}).json()
    [following] = [one["href"] for one in first["links"] if one["rel"] == "next"]

    rest = http.get(following).json()

    assert (2, 1) == (len(first["processes"]), len(rest["processes"]))
    assert "next" not in [one["rel"] for one in rest["links"]]


def test_a_process_is_described(http: Client) -> None:
    document = http.get("/processes/trainable.train").json()

    assert {"epochs", "fault"} == set(document["inputs"])
    assert ["async-execute", "dismiss"] == document["jobControlOptions"]
    assert ["result"] == list(document["outputs"])


@pytest.mark.parametrize("name", ["trainable.stream", "nobody.train", "trainable", "x"])
def test_a_process_that_there_is_not(http: Client, name: str) -> None:
    problem(http.get(f"/processes/{name}"), 404, f"{OGC}/no-such-process")
    answer = http.post(f"/processes/{name}/execution", json={"inputs": {}})
    problem(answer, 404, f"{OGC}/no-such-process")


def test_a_prediction_is_answered_at_once_and_leaves_no_job(http: Client) -> None:
    before = http.all()

    raw = http.post(PREDICT, json={"inputs": {"x": 1}})
    document = http.post(PREDICT, json={"inputs": {"x": 1}, "response": "document"})

    assert (200, 2) == (raw.status_code, raw.json())
    assert {"result": 2} == document.json()
    assert before == http.all()
    assert 1 == len(raw.headers.get_list("x-request-id"))


@pytest.mark.parametrize("prefer", ["", "respond-async"])
@pytest.mark.parametrize(
    ("address", "inputs", "pointer"),
    [
        (PREDICT, {"x": "many"}, "#/x"),
        (TRAIN, {"epochs": "many"}, "#/epochs"),
        (VALIDATE, {"what": 1}, "#/what"),
    ],
)
def test_wrong_inputs_are_named_before_there_is_a_job(
    http: Client, address: str, inputs: dict[str, Any], pointer: str, prefer: str
) -> None:
    before = http.all()

    answer = http.post(address, json={"inputs": inputs}, headers={"prefer": prefer})

    document = problem(answer, 400, "invalid-input")
    assert [pointer] == [one["pointer"] for one in document["errors"]]
    assert before == http.all()


def test_a_body_that_is_no_execute_request_is_refused(http: Client) -> None:
    for address in (PREDICT, TRAIN):
        problem(http.post(address, content=b"{"), 400, "malformed-body")
        problem(http.post(address, json=[1]), 400, "malformed-body")


# ------------------------------------------------------------------------- jobs


def test_a_training_from_its_submission_to_its_files(http: Client) -> None:
    accepted = http.post(TRAIN, json={"inputs": {"epochs": 3}})

    assert 201 == accepted.status_code
    job_id = accepted.json()["id"]
    assert f"/jobs/{job_id}" == accepted.headers["location"]
    assert f"</jobs/{job_id}>; rel=monitor" == accepted.headers["link"]

    done = http.wait_for(job_id, *FINAL)
    links = {one["rel"]: one["href"] for one in done["links"]}

    assert ("successful", 100, 1) == (done["status"], done["progress"], done["attempt"])
    assert {"epochs": 3, "job": job_id} == http.get(links["results"]).json()
    assert (
        http.get(links["results"]).json()
        == http.get(links["results"] + "/result").json()
    )
    assert "epoch 0\nepoch 1\nepoch 2\n" == http.get(links["log"]).text
    loss = http.get(links["metrics"]).json()["metrics"]["loss"]
    assert [(0, 1.0), (1, 0.5)] == [(one["step"], one["value"]) for one in loss[:2]]
    assert http.get(links["metrics"], params={"f": "csv"}).text.startswith(
        "step,at,loss"
    )
    assert "3.0.0" == http.get(links["record"]).json()["packages"]["deepaas"]


def test_a_file_that_a_training_has_made(http: Client) -> None:
    job_id = http.ended()["id"]
    [artifact] = http.get(f"/jobs/{job_id}/artifacts").json()["artifacts"]

    whole = http.get(artifact["href"])
    part = http.get(artifact["href"], headers={"range": "bytes=2-"})

    digest = hashlib.sha256(b"2 epochs")
    assert ("weights.txt", 8) == (artifact["path"], artifact["size_bytes"])
    assert (b"2 epochs", digest.hexdigest()) == (whole.content, artifact["sha256"])
    in_base64 = base64.b64encode(digest.digest()).decode()
    assert f"sha-256=:{in_base64}:" == whole.headers["repr-digest"]
    assert 'attachment; filename="weights.txt"' == whole.headers["content-disposition"]
    assert "nosniff" == whole.headers["x-content-type-options"]
    assert "sandbox" == whole.headers["content-security-policy"]
    assert (206, b"epochs") == (part.status_code, part.content)


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "",
        "../record.json",
        "..%2Frecord.json",
        "%2Fetc%2Fpasswd",
        "./weights.txt",
    ],
)
def test_only_files_that_are_listed_can_be_had(http: Client, path: str) -> None:
    job_id = http.ended()["id"]
    with socket.create_connection((http.base_url.host, http.base_url.port or 0)) as raw:
        request = (
            f"GET /jobs/{job_id}/artifacts/{path} HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n"
        )
        raw.sendall(request.encode())
        assert b" 404 " in raw.makefile("rb").readline()


def test_files_go_with_the_version_that_they_belong_to(http: Client) -> None:
    job = http.ended()
    [artifact] = http.get(f"/jobs/{job['id']}/artifacts").json()["artifacts"]

    http.delete(f"/models/trainable/versions/{job['made_version']}")

    assert [] == http.get(f"/jobs/{job['id']}/artifacts").json()["artifacts"]
    problem(http.get(artifact["href"]), 404, "artifact-not-found")


@pytest.mark.parametrize(
    "what", ["", "/results", "/log", "/events", "/metrics", "/record"]
)
def test_a_job_that_there_is_not(http: Client, what: str) -> None:
    problem(http.get(f"/jobs/{NOBODY}{what}"), 404, f"{OGC}/no-such-job")


def test_a_job_that_failed_tells_why_in_place_of_its_result(http: Client) -> None:
    failed, died = http.ended(fault="raise"), http.ended(fault="segfault")

    assert ("failed", "model_error", "no luck") == (
        failed["status"],
        failed["cause"],
        failed["message"],
    )
    answer = problem(http.get(f"/jobs/{failed['id']}/results"), 500, "model-error")
    assert "no luck" == answer["detail"]
    log = http.get(f"/jobs/{failed['id']}/log").text.splitlines()
    assert ["Traceback (most recent call last):", "RuntimeError: no luck"] == [
        log[-1 - log[::-1].index("Traceback (most recent call last):")],
        log[-1],
    ]
    answer = problem(http.get(f"/jobs/{died['id']}/results"), 502, "worker-died")
    assert "SIGSEGV" == answer["signal"]


def test_a_job_that_is_not_over_has_no_result_yet(http: Client) -> None:
    job_id = http.submit(fault="hang")

    problem(http.get(f"/jobs/{job_id}/results"), 404, f"{OGC}/result-not-ready")
    answer = http.get(f"/jobs/{job_id}")
    assert ("1", "no-cache") == (
        answer.headers["retry-after"],
        answer.headers["cache-control"],
    )
    http.delete(f"/jobs/{job_id}")


def test_a_job_is_dismissed_and_then_removed(http: Client) -> None:
    job_id = http.submit(fault="hang")
    http.wait_for(job_id, "running")

    dismissed = http.delete(f"/jobs/{job_id}")

    assert (200, "dismissed") == (dismissed.status_code, dismissed.json()["status"])
    assert "dismissed" == http.job(job_id)["status"]
    problem(http.get(f"/jobs/{job_id}/results"), 410, "job-dismissed")
    assert 200 == http.delete(f"/jobs/{job_id}").status_code
    problem(http.get(f"/jobs/{job_id}"), 410, "job-removed")
    problem(http.delete(f"/jobs/{job_id}"), 410, "job-removed")
    assert job_id not in http.all()


def test_a_cancel_that_comes_too_late_removes_no_result(http: Client) -> None:
    job_id = http.submit(epochs=1)
    known = http.get(f"/jobs/{job_id}").headers["etag"]
    http.wait_for(job_id, *FINAL)

    late = http.delete(f"/jobs/{job_id}", headers={"if-match": known})

    problem(late, 412, "job-changed")
    assert 200 == http.get(f"/jobs/{job_id}/results").status_code


def test_a_job_that_makes_progress_can_be_cancelled_as_known(http: Client) -> None:
    job_id = http.submit(fault="beat")
    http.wait_for(job_id, "running")
    known = latest = http.get(f"/jobs/{job_id}").headers["etag"]
    while latest == known:
        headers = {**WAIT, "if-none-match": known}
        latest = http.get(f"/jobs/{job_id}", headers=headers).headers["etag"]

    answer = http.delete(f"/jobs/{job_id}", headers={"if-match": known})

    assert (200, "dismissed") == (answer.status_code, answer.json()["status"])


def test_whoever_knows_a_job_as_it_is_hears_nothing_new(http: Client) -> None:
    job_id = http.ended()["id"]
    tag = http.get(f"/jobs/{job_id}").headers["etag"]

    answer = http.get(f"/jobs/{job_id}", headers={"if-none-match": tag})

    assert (304, b"") == (answer.status_code, answer.content)


# ---------------------------------------------------------------------- the list


def test_jobs_are_listed_the_newest_first_in_pages(http: Client) -> None:
    made = [http.ended(epochs=1)["id"] for _ in range(3)]

    found = []
    address = "/jobs?limit=2&processID=trainable.train&status=successful"
    while address:
        page = http.get(address).json()
        found += [one["jobID"] for one in page["jobs"]]
        address = "".join(one["href"] for one in page["links"] if one["rel"] == "next")

    assert made[::-1] == found[:3]
    assert found == http.all(processID="trainable.train", status="successful")


def test_a_list_is_narrowed(http: Client) -> None:
    job = http.ended(epochs=1)

    assert [job["id"]] == http.all(datetime=job["created"])
    assert job["id"] in http.all(datetime=f"{job['created']}/..")
    assert job["id"] in http.all(status="failed,successful", type="process")
    assert job["id"] not in http.all(status="failed")
    assert job["id"] not in http.all(minDuration="3600")
    assert [] == http.all(processID="nobody.train")
    assert [] == http.all(type="service")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=10001",
        "limit=x",
        "status=done",
        "datetime=now",
        "minDuration=-1",
    ],
)
def test_a_parameter_that_is_wrong_is_named(http: Client, query: str) -> None:
    answer = http.get(f"/jobs?{query}")

    assert 400 == answer.status_code
    assert query.partition("=")[0] in answer.text


# ------------------------------------------------------------------ twice is once


def test_the_same_key_makes_one_job(http: Client) -> None:
    def send(epochs: int) -> httpx2.Response:
        headers = {"idempotency-key": '"one-of-a-kind"'}
        return http.post(TRAIN, json={"inputs": {"epochs": epochs}}, headers=headers)

    first, again, other = send(1), send(1), send(2)

    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == again.headers["location"]
    assert (None, "true") == (
        first.headers.get("idempotency-replayed"),
        again.headers.get("idempotency-replayed"),
    )
    problem(other, 422, "idempotency-mismatch")


def test_a_form_that_is_sent_again_is_the_same_request(http: Client) -> None:
    def send() -> httpx2.Response:
        headers = {"prefer": "respond-async", "idempotency-key": '"a-form"'}
        files = {"x": (None, "41")}  # each time with another boundary
        return http.post(V2_PREDICT, files=files, headers=headers)

    first, again = send(), send()

    assert 202 == first.status_code == again.status_code
    assert first.headers["location"] == again.headers["location"]


def test_a_key_that_is_none_is_refused(http: Client) -> None:
    answer = http.post(TRAIN, json={"inputs": {}}, headers={"idempotency-key": '""'})
    problem(answer, 400, "request")


# -------------------------------------------------- the doors of 2.x, and waiting


def test_a_prediction_becomes_a_job_for_callers_who_do_not_wait(http: Client) -> None:
    answer = http.post(V2_PREDICT, json={"x": 41}, headers={"prefer": "respond-async"})

    assert (202, "respond-async") == (
        answer.status_code,
        answer.headers["preference-applied"],
    )
    assert answer.headers["link"] == f"<{answer.headers['location']}>; rel=monitor"
    job_id = answer.json()["jobID"]
    assert "trainable.predict" == http.wait_for(job_id, *FINAL)["processID"]
    assert 42 == http.get(f"/jobs/{job_id}/results").json()


def test_a_prediction_that_is_done_in_time_is_answered_with_its_result(
    http: Client,
) -> None:
    prefer = {"prefer": "respond-async, wait=30"}

    native = http.post(V2_PREDICT, json={"x": 41}, headers=prefer)
    process = http.post(PREDICT, json={"inputs": {"x": 41}}, headers=prefer)

    for answer in (native, process):
        assert (200, 42) == (answer.status_code, answer.json())
        assert "respond-async, wait=30" == answer.headers["preference-applied"]
        assert "rel=monitor" in answer.headers["link"]
        assert "location" not in answer.headers


def test_a_validation_is_answered_with_what_it_found(http: Client) -> None:
    expected = {"version": 0, "weights": "none"}

    plain = http.post("/v2/models/trainable/validate/")
    process = http.post(VALIDATE)

    for answer in (plain, process):
        assert (200, expected) == (answer.status_code, answer.json())
        assert "rel=monitor" in answer.headers["link"]


def test_a_version_is_validated_by_its_address(http: Client) -> None:
    number = http.ended(epochs=7)["made_version"]
    expected = {"version": number, "weights": "7 epochs"}

    plain = http.post(f"/v2/models/trainable/versions/{number}/validate/")
    process = http.post(VALIDATE, params={"version": number})

    assert expected == plain.json() == process.json()
    unknown = http.post(VALIDATE, params={"version": 999})
    problem(unknown, 404, "version-not-found")


def test_a_validation_that_takes_long_is_a_job(http: Client) -> None:
    blocking = http.submit(fault="hang")  # has the only slot
    http.wait_for(blocking, "running")

    plain = http.post("/v2/models/trainable/validate/", headers={"prefer": "wait=0"})
    process = http.post(VALIDATE, headers={"prefer": "wait=0"})

    assert (202, 201) == (plain.status_code, process.status_code)
    http.delete(f"/jobs/{blocking}")
    for answer in (plain, process):
        job = http.wait_for(answer.json()["jobID"], *FINAL)
        assert "successful" == job["status"]


def test_trainings_of_both_doors_are_the_same(http: Client) -> None:
    job_id = http.ended(epochs=1)["id"]

    training = http.get(f"/v2/models/trainable/train/{job_id}").json()

    assert ("done", {"epochs": 1, "job": job_id}) == (
        training["status"],
        training["result"]["output"],
    )
    answer = http.post(
        "/v2/models/trainable/train/", headers={"prefer": "respond-async"}
    )
    assert 202 == answer.status_code
    assert "trainable.train" == http.job(answer.json()["jobID"])["processID"]
    http.wait_for(answer.json()["jobID"], *FINAL)


# ------------------------------------------------------------------------- events


def read_events(stream: httpx2.Response) -> Iterator[dict[str, str]]:
    """Yield server-sent events as a client of the standard reads them."""
    event: dict[str, str] = {}
    for line in stream.iter_lines():
        name, _, value = line.partition(":")
        if name:
            event[name] = value.removeprefix(" ")
        elif event:
            yield event
            event = {}


def events(http: Client, job_id: str, last_id: str = "") -> list[dict[str, str]]:
    headers = {"last-event-id": last_id} if last_id else {}
    with http.stream("GET", f"/jobs/{job_id}/events", headers=headers) as stream:
        assert "text/event-stream" == stream.headers["content-type"].partition(";")[0]
        assert "no-store" == stream.headers["cache-control"]
        return [*read_events(stream)]


def test_a_job_is_followed_until_its_end(http: Client) -> None:
    found = events(http, http.submit(epochs=3))

    states = [
        json.loads(one["data"])["status"] for one in found if one["event"] == "status"
    ]
    assert ["accepted", "running", "successful"] == states
    lines = [json.loads(one["data"])["line"] for one in found if one["event"] == "log"]
    assert ["epoch 0", "epoch 1", "epoch 2"] == lines
    assert 3 == len([one for one in found if one["event"] == "metrics"])
    assert "status" == found[-1]["event"]


def test_a_reader_who_comes_back_misses_nothing_also_after_a_restart(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    options = ("--data-dir", str(tmp_path / "jobs"))
    server = start(*options)
    with Client(server.url) as http:
        job_id = http.ended(epochs=3)["id"]
        whole = events(http, job_id)
    server.stop()

    with Client(start(*options).url) as http:
        assert whole[4:] == _without_retry(events(http, job_id, whole[3]["id"]))
        headers = {"last-event-id": whole[-1]["id"]}
        answer = http.get(f"/jobs/{job_id}/events", headers=headers)
        assert (204, b"") == (answer.status_code, answer.content)
        assert "successful" == http.job(job_id)["status"]
        assert {"epochs": 3, "job": job_id} == http.get(
            f"/jobs/{job_id}/results"
        ).json()


def _without_retry(found: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v for k, v in one.items() if k != "retry"} for one in found]


def test_a_log_is_followed(http: Client) -> None:
    job_id = http.submit(epochs=2)

    with http.stream("GET", f"/jobs/{job_id}/log", params={"follow": 1}) as stream:
        # A line may be seen before its end is; then it comes again.
        found = [one for one in read_events(stream) if one["event"] == "log"]

    assert ["epoch 0", "epoch 1"] == [json.loads(one["data"])["line"] for one in found]


def test_a_part_of_a_log(http: Client) -> None:
    job_id = http.ended(epochs=2)["id"]

    answer = http.get(f"/jobs/{job_id}/log", headers={"range": "bytes=-8"})

    assert (206, "epoch 1\n") == (answer.status_code, answer.text)
    assert "bytes 8-15/16" == answer.headers["content-range"]


def test_a_server_that_ends_lets_nobody_wait(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    with Client(server.url) as http:
        http.wait_for(http.submit(fault="hang"), "running")
        waiting = http.submit()
        with http.stream("GET", f"/jobs/{waiting}/events") as stream:
            found = read_events(stream)
            assert "accepted" in next(found)["data"]
            ended = threading.Thread(target=server.stop)
            ended.start()
            assert [] == [*found]
            ended.join()


# ------------------------------------------------------------- when there are none


def test_without_jobs_predictions_remain(start: Callable[..., ServerProcess]) -> None:
    with Client(start("--no-jobs").url) as http:
        [process] = http.get("/processes").json()["processes"]
        assert ("trainable.predict", ["sync-execute"]) == (
            process["id"],
            process["jobControlOptions"],
        )
        for address in ("/jobs", f"/jobs/{NOBODY}", f"/jobs/{NOBODY}/events"):
            problem(http.get(address), 501, "jobs-disabled")
        problem(http.post(TRAIN, json={"inputs": {}}), 501, "jobs-disabled")
        prefer = {"prefer": "respond-async"}
        answer = http.post(PREDICT, json={"inputs": {"x": 1}}, headers=prefer)
        assert (200, 2) == (answer.status_code, answer.json())
        assert "job-list" not in http.get("/").text


def test_jobs_that_another_server_holds_are_told_with_its_name(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    shared = {"XDG_DATA_HOME": str(tmp_path / "data")}
    holder = start(environment=shared)
    with Client(start(environment=shared).url) as http:
        answer = http.get("/jobs")

        document = problem(answer, 503, "store-unavailable")
        assert str(holder.process.pid) in document["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert 2 == http.post(V2_PREDICT, json={"x": 1}).json()


def test_a_caller_who_leaves_in_the_middle_of_a_request_is_no_bug(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    url = httpx2.URL(server.url)
    for address in (TRAIN, "/v2/models/trainable/train/"):
        with socket.create_connection((url.host, url.port or 0)) as caller:
            head = f"POST {address} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            caller.sendall(f"{head}content-length: 100\r\n\r\n{{".encode())

    server.wait_for_output(f"{TRAIN} 499")
    server.wait_for_output("/v2/models/trainable/train/ 499")
    assert "Bug" not in server.output


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        (f"{PREDICT}?version=9", {}, 404),
        (f"{PREDICT}?version=9", {"prefer": "respond-async"}, 404),
        (PREDICT, {"prefer": "respond-async", "idempotency-key": '""'}, 400),
        (TRAIN, {"idempotency-key": '""'}, 400),
        ("/v2/models/trainable/versions/9/predict/", {}, 404),
    ],
)
def test_a_request_that_is_refused_leaves_nothing_on_the_disk(
    start: Callable[..., ServerProcess],
    tmp_path: Path,
    address: str,
    headers: dict[str, str],
    status: int,
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with Client(start(environment={"TMPDIR": str(spool)}).url) as http:
        large = b'{"inputs": {"x": 1}}' + b" " * 3_000_000

        answer = http.post(address, content=large, headers=headers)

        assert status == answer.status_code
        assert [] == [*spool.rglob("body")]


# ------------------------------------------------------------ clients of others


@pytest.mark.filterwarnings("default")
def test_owslib_runs_processes(http: Client) -> None:
    owslib = importlib.import_module("owslib.ogcapi.processes")
    service = owslib.Processes(str(http.base_url))

    names = [one["id"] for one in service.processes()]
    assert ["trainable.predict", "trainable.train", "trainable.validate"] == names
    assert {"x"} == set(service.process("trainable.predict")["inputs"])
    assert {"result": 42} == service.execute("trainable.predict", inputs={"x": 41})


@pytest.mark.filterwarnings("default", "ignore:404 Client Error:UserWarning")
def test_the_client_of_ecmwf_submits_polls_and_dismisses(
    start: Callable[..., ServerProcess],
) -> None:
    datastores = importlib.import_module("ecmwf.datastores")
    server = start(base_path="/api/retrieve/v1")
    client = datastores.Client(url=f"{server.url}/api", key="none")

    remote = client.submit("trainable.train", {"epochs": 2})
    while not remote.results_ready:  # asks the server
        pass
    assert "successful" == remote.status
    other = client.submit("trainable.train", {"fault": "hang"})
    assert "dismissed" == other.delete()["status"]
