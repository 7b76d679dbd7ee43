"""What a model does wrong, and what its callers, its neighbours and the log see."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = Path(__file__).parent / "models"
FAULTY = "/v2/models/faulty/predict/"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start `deepaas serve` with a model of ours; all are stopped afterwards."""
    started: list[ServerProcess] = []

    def start_one(*options: str, models: tuple[str, ...] = ("faulty.py",)) -> Any:
        port = free_port()
        server = ServerProcess(
            [
                *(sys.executable, "-m", "deepaas.cli.main", "serve", *options),
                *("--listen-port", str(port), *(str(MODELS / one) for one in models)),
            ],
            port=port,
            folder=tmp_path / f"server-{len(started)}",
            environment={"FAULTY_NOTES": str(tmp_path / "notes")},
        )
        started.append(server)
        server.wait_until_ready("/readyz")
        return server

    yield start_one
    for server in started:
        server.kill()


def predict(server: ServerProcess, fault: str = "none", **more: Any) -> httpx2.Response:
    return httpx2.post(server.url + FAULTY, json={"fault": fault, **more}, timeout=30)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("exit", {"exit_status": 3, "cause": "worker_died"}),
        ("segfault", {"signal": "SIGSEGV", "cause": "worker_died"}),
        ("kill", {"signal": "SIGKILL", "cause": "worker_died"}),
        ("fork_and_die", {"exit_status": 5, "cause": "worker_died"}),
    ],
)
def test_a_dead_worker_is_told_with_its_cause_and_replaced(
    start: Callable[..., ServerProcess], fault: str, expected: dict[str, Any]
) -> None:
    server = start()

    answer = predict(server, fault)

    assert 502 == answer.status_code
    assert expected.items() <= answer.json().items()
    assert 200 == predict(server).status_code


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("sys_exit", "4"),
        ("interrupt", "KeyboardInterrupt"),
        ("raise", "the reactor is too hot\nby far"),
    ],
)
def test_an_exception_is_the_callers_answer_and_the_worker_lives(
    start: Callable[..., ServerProcess], fault: str, expected: str
) -> None:
    server = start()
    before = predict(server).json()["pid"]

    answer = predict(server, fault)

    assert 500 == answer.status_code
    assert expected == answer.json()["detail"]
    assert "Traceback" not in answer.text
    assert "Traceback" in server.wait_for_output("Traceback")
    assert before == predict(server).json()["pid"]


@pytest.mark.parametrize("fault", ["spin", "hold_gil"])
def test_a_deadline_ends_a_stuck_prediction(
    start: Callable[..., ServerProcess], fault: str
) -> None:
    server = start("--deadline", "3")

    answer = predict(server, fault)

    assert 504 == answer.status_code
    assert "deadline of 3 s" in answer.json()["detail"]
    assert 200 == predict(server).status_code


def test_a_deadline_frees_the_worker_also_when_the_caller_has_left(
    start: Callable[..., ServerProcess],
) -> None:
    server = start("--deadline", "2")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(server.url + FAULTY, json={"fault": "spin"}, timeout=0.5)

    answers = [predict(server).status_code for _ in range(3)]

    assert 200 == answers[-1]


def test_metadata_is_told_while_a_prediction_holds_the_interpreter(
    start: Callable[..., ServerProcess],
) -> None:
    server = start("--deadline", "10")
    with ThreadPoolExecutor() as callers:
        stuck = callers.submit(predict, server, "hold_gil")
        model = httpx2.get(f"{server.url}/v2/models/faulty/", timeout=8)
        ready = httpx2.get(f"{server.url}/readyz", timeout=1)

        assert 200 == model.status_code
        assert 200 == ready.status_code
        assert 504 == stuck.result().status_code


def test_only_the_caller_in_a_dead_workers_hands_is_lost(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    assert 200 == predict(server).status_code  # now the worker takes several at once
    with ThreadPoolExecutor(max_workers=20) as callers:
        victim = callers.submit(predict, server, "exit", seconds=0.3)
        others = [callers.submit(predict, server) for _ in range(19)]

        assert 502 == victim.result().status_code
        assert [200] * 19 == [one.result().status_code for one in others]


def test_a_worker_in_sequence_of_deaths_never_leaves_a_caller_waiting(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    answers = []
    for _ in range(10):
        answers.append(predict(server, "exit").status_code)
        answers.append(predict(server).status_code)

    assert [502, 200] * 10 == answers


def test_a_print_storm_is_cut_and_blocks_nobody(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()

    answer = predict(server, "print_storm")

    assert 100_000 == answer.json()
    assert "more lines were left out" in server.wait_for_output("left out")
    assert 200 == httpx2.get(f"{server.url}/livez").status_code


def test_what_a_model_prints_is_logged_with_model_and_request(
    start: Callable[..., ServerProcess],
) -> None:
    server = start("--log-format", "json")
    headers = {"x-request-id": "my-request-7"}
    url = server.url + FAULTY
    httpx2.post(url, json={"fault": "print_python"}, headers=headers)
    httpx2.post(url, json={"fault": "print_native"}, headers=headers)

    output = server.wait_for_output("descriptor 2")

    for text in ("written by", "written by C", "written to descriptor 2"):
        line = next(line for line in output.splitlines() if text in line)
        assert "faulty" in line
        assert "my-request-7" in line
    assert "\x1b" not in output


def test_no_process_that_a_model_started_outlives_its_worker(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    daemon = predict(server, "daemon").json()

    predict(server, "exit")
    assert 200 == predict(server).status_code

    assert not Path(f"/proc/{daemon}").exists()


def test_no_process_that_a_model_started_outlives_the_server(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    daemon = predict(server, "daemon").json()
    worker = predict(server).json()["pid"]

    assert 0 == server.stop()

    assert not Path(f"/proc/{daemon}").exists()
    assert not Path(f"/proc/{worker}").exists()


def test_a_server_may_be_process_1_as_in_a_container(tmp_path: Path) -> None:
    alone = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"]).returncode:
        pytest.skip("this machine makes no process namespaces")
    port = free_port()
    server = ServerProcess(
        [
            *(*alone, "--kill-child", sys.executable, "-m", "deepaas.cli.main"),
            *("serve", "--listen-port", str(port), str(MODELS / "faulty.py")),
        ],
        port=port,
        folder=tmp_path / "server",
    )
    try:
        server.wait_until_ready("/readyz")

        assert 200 == predict(server).status_code
    finally:
        server.kill()


def test_workers_end_with_a_server_that_was_killed(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()
    worker = predict(server).json()["pid"]

    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()

    _wait_until(lambda: not _is_running(worker))


def test_a_huge_answer_arrives_whole(start: Callable[..., ServerProcess]) -> None:
    server = start()

    answer = predict(server, "huge")

    assert 64_000_002 == len(answer.content)


def test_an_answer_that_cannot_be_represented_names_the_place(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()

    answer = predict(server, "unserialisable")

    assert 500 == answer.status_code
    assert "deep" in answer.json()["detail"]
    assert 200 == predict(server).status_code


def test_a_worker_over_its_memory_limit_is_told_so(
    start: Callable[..., ServerProcess],
) -> None:
    server = start("--memory-limit", str(400_000_000))

    answer = predict(server, "hog")

    assert 502 == answer.status_code
    assert "memory_limit" == answer.json()["cause"]
    assert 200 == predict(server).status_code


def test_a_model_that_closes_its_descriptors_is_still_served(
    start: Callable[..., ServerProcess],
) -> None:
    server = start()

    assert 200 == predict(server, "close_descriptors").status_code
    assert 200 == predict(server).status_code


def test_what_does_not_fit_the_queue_is_refused_with_a_time(
    start: Callable[..., ServerProcess],
) -> None:
    server = start("--queue-size", "2")
    with ThreadPoolExecutor(max_workers=8) as callers:
        answers = list(callers.map(lambda _: predict(server, seconds=0.3), range(8)))
    statuses = [answer.status_code for answer in answers]
    refused = [answer for answer in answers if answer.status_code == 503]

    assert {200, 503} == set(statuses)
    assert 3 <= statuses.count(200)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


def test_queued_work_of_a_caller_who_left_is_dropped(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start()
    with ThreadPoolExecutor() as callers:
        first = callers.submit(predict, server, seconds=1.5, note="first")
        _wait_until((tmp_path / "notes").exists)
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(server.url + FAULTY, json={"note": "left"}, timeout=0.4)
        assert 200 == first.result().status_code
    assert 200 == predict(server, note="last").status_code

    assert ["first", "last"] == (tmp_path / "notes").read_text().split()


def test_a_term_signal_lets_predictions_finish(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start()
    with ThreadPoolExecutor() as callers:
        running = callers.submit(predict, server, seconds=1, note="begun")
        _wait_until((tmp_path / "notes").exists)

        assert 0 == server.stop()
        assert 200 == running.result().status_code


def test_a_second_term_signal_ends_at_once(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start()
    with ThreadPoolExecutor() as callers:
        callers.submit(predict, server, "spin", note="begun")
        _wait_until((tmp_path / "notes").exists)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_output("SIGTERM: ending")

        server.stop(within_s=5)


def test_a_model_that_dies_while_it_loads_is_told_and_hurts_no_other(
    start: Callable[..., ServerProcess],
) -> None:
    server = start(models=("faulty.py", "dies_at_import.py"))

    ready = httpx2.get(f"{server.url}/readyz")

    assert 200 == ready.status_code
    assert "failed" == ready.json()["models"]["dies_at_import"]["state"]
    assert "exit code 7" in ready.json()["models"]["dies_at_import"]["reason"]
    answer = httpx2.post(f"{server.url}/v2/models/dies_at_import/predict/", json={})
    assert 503 == answer.status_code
    assert "exit code 7" in answer.json()["detail"]
    assert 200 == predict(server).status_code


def test_who_edits_a_served_model_is_told_that_a_new_worker_runs_other_code(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    model = tmp_path / "edited.py"
    code = "import os\ndef predict(die: bool = False) -> int:\n"
    model.write_text(f"{code}    return os._exit(1) if die else 1\n")
    server = start(models=(str(model),))
    address = f"{server.url}/v2/models/edited/predict/"

    def warnings() -> Any:
        ready = httpx2.get(f"{server.url}/readyz?verbose").json()
        return ready["models"]["edited"]["warnings"]

    httpx2.post(address, json={"die": True})
    server.wait_until_ready("/readyz")
    unchanged = warnings()
    model.write_text(f"{code}    return os._exit(1) if die else 2\n")
    httpx2.post(address, json={"die": True})
    server.wait_until_ready("/readyz")
    httpx2.post(address, json={"die": True})
    server.wait_until_ready("/readyz")

    assert [] == unchanged
    [warning] = warnings()
    assert f"{model} changed after the model was loaded" in warning
    assert "Restart the server" in warning
    assert 1 == server.output.count("changed after the model was loaded")


def test_an_end_of_many_deaths_leaves_no_files_behind(
    start: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start("--spool-dir", str(tmp_path))
    (spool,) = tmp_path.glob("deepaas-spool-*")
    photo = {"photo": ("a.txt", b"x" * 3_000_000, "text/plain")}
    for _ in range(3):
        httpx2.post(server.url + FAULTY, data={"fault": "exit"}, files=photo)
        predict(server, "exit")
        predict(server)

    # Soon there is but the lock and the folder of the worker that lives.
    _wait_until(lambda: len(list(spool.iterdir())) == 2)
    server.stop()
    assert not spool.exists()


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return re.search(r"\) Z ", status) is None


def _wait_until(condition: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()
