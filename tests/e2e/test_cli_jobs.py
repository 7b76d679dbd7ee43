"""Jobs from the command line and from Python: here, beside a holder, at a server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import deepaas
from deepaas import errors
from deepaas.backends.data_dir import DataDir
from deepaas.testing import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Done = subprocess.CompletedProcess[str]
    Run = Callable[..., Done]

PROGRAM = Path(sys.executable).parent / "deepaas"
MODEL = Path(__file__).parent / "models" / "trainable.py"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `deepaas` with a data folder of its own."""
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}

    def run_one(*words: str | Path) -> Done:
        return subprocess.run(
            [PROGRAM, *words],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_one


def train(folder: Path, *words: str | Path) -> subprocess.Popen[str]:
    """Begin a training in a data directory; it has printed when this returns."""
    training = subprocess.Popen(
        [PROGRAM, "train", "--data-dir", folder, MODEL, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert training.stderr is not None
    while "epoch 1" not in training.stderr.readline():
        assert training.poll() is None
    return training


def jobs_in(run: Run, *where: str | Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        run("jobs", "list", "--json", *where).stdout
    )
    return found


# --------------------------------------------------------------------------- here


def test_a_training_leaves_log_metrics_files_result_and_version(run: Run) -> None:
    done = run("train", "--json", MODEL, "--epochs", "3")

    assert 0 == done.returncode, done.stderr
    result = json.loads(done.stdout)
    assert 3 == result["epochs"]
    assert "epoch 0\nepoch 1\nepoch 2\n" in done.stderr
    job = result["job"]
    shown = json.loads(run("jobs", "show", "--json", job).stdout)
    assert ("successful", 1) == (shown["status"], shown["made_version"])
    assert "epoch 0\nepoch 1\nepoch 2\n" == run("jobs", "log", job).stdout
    assert "epoch 0\nepoch 1\nepoch 2\n" == run("jobs", "log", "-f", job).stdout
    assert 4 == len(run("jobs", "metrics", "--csv", job).stdout.splitlines())
    [file] = json.loads(run("jobs", "artifacts", "--json", job).stdout)
    assert ("weights.txt", 8) == (file["path"], file["size_bytes"])
    assert result == json.loads(run("jobs", "results", "--json", job).stdout)
    usage = json.loads(run("jobs", "usage", "--json").stdout)
    assert ["trainable.train", "versions"] == [one["kind"] for one in usage]


def test_a_validation_tells_of_the_version_that_was_trained(run: Run) -> None:
    run("train", MODEL, "--epochs", "1")
    run("train", MODEL, "--epochs", "4")

    validated = json.loads(run("validate", "--json", MODEL).stdout)
    older = json.loads(run("validate", "--json", "--model-version", "1", MODEL).stdout)
    table = json.loads(run("models", "compare", MODEL, "1", "2", "--json").stdout)

    assert {"version": 2, "weights": "4 epochs"} == validated
    assert {"version": 1, "weights": "1 epochs"} == older
    assert [
        {"metric": "loss", "version 1": 1.0, "version 2": 0.25},
        {"metric": "validate version", "version 1": 1, "version 2": 2},
    ] == table


def test_a_prediction_here_uses_the_version_that_answers(run: Run) -> None:
    untrained = run("predict", MODEL, "--x", "1").stdout
    run("train", MODEL, "--epochs", "1")
    run("train", MODEL, "--epochs", "1")

    def predicted(*words: str) -> str:
        return run("predict", *words, MODEL, "--x", "1").stdout

    assert "2\n" == untrained
    assert "202\n" == predicted()
    assert "102\n" == predicted("--model-version", "1")
    assert "2\n" == predicted("--model-version", "0")
    missing = run("predict", "--model-version", "9", MODEL)
    assert 1 == missing.returncode
    assert "version 9" in missing.stderr


def test_a_version_at_a_server_is_asked_by_its_number(run: Run, server: Server) -> None:
    run("train", "--url", server.url, "trainable", "--epochs", "1")

    def predicted(number: int) -> str:
        words = ["--url", server.url, "--model-version", str(number)]
        return run("predict", *words, "trainable", "--x", "1").stdout

    assert "102\n" == predicted(1)
    assert "2\n" == predicted(0)


def test_a_version_is_activated_here_if_it_can_be_loaded(run: Run) -> None:
    run("train", MODEL, "--epochs", "1")
    bad = run("train", MODEL, "--epochs", "100")

    again = run("models", "activate", MODEL, "2")
    found = json.loads(run("models", "versions", "--json", MODEL).stdout)

    assert "version 2 cannot be activated" in bad.stderr
    assert 1 == again.returncode
    assert "these weights are bad" in again.stderr
    assert 1 == found["active"]


def test_a_version_is_deleted_here_unless_it_answers(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    where = ("--data-dir", folder)
    run("train", *where, MODEL, "--epochs", "3")
    run("train", *where, MODEL, "--epochs", "1")

    gone = run("models", "delete", *where, MODEL, "1")
    active = run("models", "delete", *where, MODEL, "2")
    installed = run("models", "delete", *where, MODEL, "0")
    again = run("models", "delete", *where, MODEL, "1")

    assert 0 == gone.returncode
    assert f"version 1 of {MODEL} is deleted: 8 B, made by job " in gone.stderr
    assert not (folder / "versions/trainable/1").exists()
    assert 2 == active.returncode
    assert "answers predictions; activate another one first" in active.stderr
    assert (folder / "versions/trainable/2/weights.txt").exists()
    assert 2 == installed.returncode
    assert "version 0 is the model as installed" in installed.stderr
    assert 1 == again.returncode
    assert "has no version 1; there are: 0, 2 (0 is the model as" in again.stderr
    assert 1 == run("jobs", "show", "--data-dir", folder, "nothing").returncode


def test_a_version_at_a_server_is_deleted_unless_it_answers(
    run: Run, server: Server
) -> None:
    where = ("--url", server.url)
    with deepaas.Client(server.url) as client:
        jobs = [client.train("trainable", epochs=1) for _ in range(2)]
        first, second = (
            str(job.refresh()["made_version"]) for job in jobs if job.wait()
        )

        gone = run("models", "delete", "--json", *where, "trainable", first)
        active = run("models", "delete", *where, "trainable", second)
        left = {one["version"] for one in client.versions("trainable")["versions"]}

    assert int(first) == json.loads(gone.stdout)["version"]
    assert int(first) not in left
    assert int(second) in left
    assert 2 == active.returncode
    assert "activate another one first" in active.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--fault", "raise"], 1, "failed (model_error): no luck"),
        (["--fault", "exit"], 1, "failed (worker_died)"),
        (["--epochs", "x"], 2, "--epochs: "),
        (["--epoch", "1"], 2, "did you mean --epochs?"),
        (["--detach"], 2, "--detach stands before MODEL"),
    ],
)
def test_the_exit_code_tells_the_outcome(
    run: Run, words: list[str], code: int, text: str
) -> None:
    done = run("train", MODEL, *words)

    assert code == done.returncode
    assert text in done.stderr
    assert "" == done.stdout


def test_detaching_needs_a_server(run: Run) -> None:
    assert 2 == run("train", "--detach", MODEL).returncode


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [(signal.SIGINT, 130, "dismissed"), (signal.SIGTERM, 143, "failed")],
)
def test_a_signal_ends_the_job_with_the_command(
    run: Run, tmp_path: Path, number: signal.Signals, code: int, status: str
) -> None:
    training = train(tmp_path / "d", "--fault", "hang")

    training.send_signal(number)
    training.communicate()

    assert code == training.returncode
    assert [status] == [
        one["status"] for one in jobs_in(run, "--data-dir", tmp_path / "d")
    ]


# ------------------------------------------------------------------ beside a holder


def test_a_training_beside_another_is_taken_in_by_the_next(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "d"
    first = train(folder, "--fault", "hang")

    beside = run("train", "--json", "--data-dir", folder, MODEL, "--epochs", "5")
    seen = jobs_in(run, "--data-dir", folder)
    early = run("jobs", "delete", "--data-dir", folder, seen[1]["id"])
    held = run("jobs", "cancel", "--data-dir", folder, seen[1]["id"])
    first.send_signal(signal.SIGINT)
    first.communicate()
    run("train", "--data-dir", folder, MODEL, "--epochs", "1")

    job = json.loads(beside.stdout)["job"]
    assert ["successful", "running"] == [one["status"] for one in seen]
    assert 2 == early.returncode
    assert "only one that is over can be deleted" in early.stderr
    assert 2 == held.returncode
    assert "is in use by deepaas with model trainable" in held.stderr
    taken = json.loads(run("jobs", "show", "--json", "--data-dir", folder, job).stdout)
    assert (str(folder), 1) == (taken["data_dir"], taken["made_version"])
    assert "5 epochs" == (folder / "versions/trainable/1/weights.txt").read_text()
    assert (folder / "versions/trainable/2/weights.txt").exists()
    assert not list((folder / "incoming").iterdir())
    log = run("jobs", "log", "--data-dir", folder, job).stdout
    assert 5 == len(log.splitlines())


def test_a_training_beside_a_server_goes_on_from_its_version_and_answers_there(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "d"
    with Server(MODEL, "--data-dir", folder) as server:
        run("train", "--url", server.url, "trainable", "--epochs", "1")

        beside = run("train", "--json", "--data-dir", folder, MODEL, "--epochs", "5")

        assert 0 == beside.returncode, beside.stderr
        with deepaas.Client(server.url) as client:
            while client.versions("trainable")["active"] != 2:
                os.sched_yield()
            [newest, *_] = client.versions("trainable")["versions"]
            predicted = client.predict("trainable", x=1)
        assert 1 == newest["parent"]
        assert 202 == predicted
        assert "5 epochs" == (folder / "versions/trainable/2/weights.txt").read_text()
        assert (folder / "versions/trainable/1/weights.txt").exists()
        assert not list((folder / "incoming").iterdir())


def test_a_training_beside_another_that_was_killed_is_taken_in_too(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "d"
    holder = DataDir(folder, holder="a test")
    training = train(folder, "--fault", "hang")
    [running] = jobs_in(run, "--data-dir", folder)

    training.kill()
    training.communicate()
    holder.release()
    run("train", "--data-dir", folder, MODEL)

    [_, killed] = jobs_in(run, "--data-dir", folder)
    assert running["id"] == killed["id"]
    assert ("failed", "interrupted") == (killed["status"], killed["cause"])
    assert str(folder) == killed["data_dir"]


# ----------------------------------------------------------------------- at a server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("data")
    with Server(MODEL, "--data-dir", data) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[deepaas.Client]:
    with deepaas.Client(server.url) as client:
        yield client


def test_a_training_at_a_server_looks_like_one_here(run: Run, server: Server) -> None:
    done = run("train", "--json", "--url", server.url, "trainable", "--epochs", "2")

    assert 0 == done.returncode, done.stderr
    assert "epoch 0\nepoch 1\n" in done.stderr
    job = json.loads(done.stdout)["job"]
    where = ("--url", server.url)
    assert "epoch 0\nepoch 1\n" == run("jobs", "log", "-f", *where, job).stdout
    assert job in [one["id"] for one in jobs_in(run, *where)]
    assert f"{job} is successful\n" == run("jobs", "cancel", *where, job).stdout
    done = run("jobs", "artifacts", "--save", "saved", *where, job)
    assert "weights.txt" in done.stdout
    assert 0 == run("jobs", "delete", *where, job).returncode
    assert 1 == run("jobs", "show", *where, job).returncode


def test_a_detached_job_is_found_and_cancelled(run: Run, server: Server) -> None:
    words = ("--detach", "--url", server.url, "trainable", "--fault", "hang")
    job = run("train", *words).stdout.strip()

    cancelled = run("jobs", "cancel", "--json", "--url", server.url, job)
    result = run("jobs", "results", "--url", server.url, job)

    assert {"id": job, "status": "dismissed"} == json.loads(cancelled.stdout)
    assert 130 == result.returncode
    assert "was dismissed" in result.stderr


def test_files_are_predicted_one_by_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "size.py").write_text(
        "import deepaas\n"
        "def predict(photo: deepaas.File) -> int:\n"
        "    if photo.size_bytes > 2: raise deepaas.InvalidInputError('too large')\n"
        "    return photo.size_bytes\n"
    )
    for name, text in {"a": "1", "b": "123", "c": "12"}.items():
        (tmp_path / f"{name}.txt").write_text(text)

    here = run("predict", "--each", "photo=*.txt", "size.py")
    with Server(tmp_path / "size.py") as server:
        there = run("predict", "--each", "photo=*.txt", "--url", server.url, "size")

    assert 1 == here.returncode == there.returncode
    assert here.stdout == there.stdout
    [first, second, third] = map(json.loads, here.stdout.splitlines())
    assert {"index": 0, "file": "a.txt", "result": 1} == first
    assert "too large" == second["problem"]["detail"]
    assert {"index": 2, "file": "c.txt", "result": 2} == third


@pytest.mark.parametrize("words", [[], ["--strict"]])
def test_a_version_that_cannot_be_loaded_any_more_takes_no_model_away(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    folder = tmp_path / "d"
    run("train", "--data-dir", folder, MODEL, "--epochs", "1")
    run("train", "--data-dir", folder, MODEL, "--epochs", "2")
    weights = folder / "versions/trainable/2/weights.txt"
    weights.write_text("bad")

    with (
        Server(MODEL, "--data-dir", folder, *words) as server,
        deepaas.Client(server.url) as client,
    ):
        answered = client.predict("trainable", x=1)
        with pytest.raises(errors.UnavailableError, match="weights are bad"):
            client.predict("trainable", x=1, version=2)
        [second, *_] = client.versions("trainable")["versions"]
        ready = client.loop.run(client.aio.session.ask_json("GET", "/readyz?verbose"))[
            "models"
        ]["trainable"]
    here = json.loads(
        run("models", "versions", "--json", "--data-dir", folder, MODEL).stdout
    )
    weights.write_text("2 epochs")
    mended = run("models", "activate", "--data-dir", folder, MODEL, "2")
    healed = json.loads(
        run("models", "versions", "--json", "--data-dir", folder, MODEL).stdout
    )

    assert 102 == answered
    assert (2, False) == (second["version"], second["is_active"])
    assert "these weights are bad" in second["activation_error"]
    assert ("ready", 1) == (ready["state"], ready["version"])
    assert "Version 2 cannot be loaded, and version 1 answers" in ready["warnings"][0]
    assert 1 == here["active"]
    assert "these weights are bad" in here["versions"][0]["activation_error"]
    assert 0 == mended.returncode, mended.stderr
    assert 2 == healed["active"]
    assert "activation_error" not in healed["versions"][0]


# ------------------------------------------------------------------------ from Python


def test_a_client_trains_and_gets_what_came_of_it(
    client: deepaas.Client, tmp_path: Path
) -> None:
    job = client.train("trainable", epochs=3)

    assert "successful" == job.wait()
    assert {"epochs": 3, "job": job.id} == job.result()
    assert "epoch 0\nepoch 1\nepoch 2\n" == job.log()
    assert [0, 1, 2] == [one["step"] for one in job.metrics()["loss"]]
    assert ["weights.txt"] == [one["path"] for one in job.artifacts()]
    assert "3 epochs" == job.download("weights.txt", tmp_path).read_text()
    kinds = {event.kind for event in job.events()}
    assert {"status", "progress", "metrics", "log"} == kinds
    version = job.document["made_version"]
    found = client.submit("trainable", "validate", version=version).result()
    assert {"version": version, "weights": "3 epochs"} == found


def test_a_client_finds_the_jobs_of_a_model_and_deletes_its_versions(
    client: deepaas.Client,
) -> None:
    jobs = [client.train("trainable", epochs=1) for _ in range(2)]
    for job in jobs:
        job.wait()
    first, second = (job.document["made_version"] for job in jobs)

    client.delete_version("trainable", first)

    of_model = {one.id for one in client.jobs(model="trainable")}
    assert {job.id for job in jobs} <= of_model
    assert [] == client.jobs(model="trainable", operation="validate", status="failed")
    numbers = [one["version"] for one in client.versions("trainable")["versions"]]
    assert (False, True) == (first in numbers, second in numbers)
    with pytest.raises(errors.VersionInUseError):
        client.delete_version("trainable", second)
    with pytest.raises(errors.InvalidInputError):
        client.jobs(operation="train")


def test_a_client_cancels_and_never_removes(client: deepaas.Client) -> None:
    job = client.train("trainable", fault="hang")

    assert "dismissed" == job.cancel()
    assert "dismissed" == job.cancel()
    assert "dismissed" == client.job(job.id).status
    with pytest.raises(errors.JobDismissedError):
        job.result()


def test_a_client_raises_the_errors_of_the_server(client: deepaas.Client) -> None:
    with pytest.raises(errors.ModelNotFoundError, match="there are: trainable"):
        client.predict("dogs")
    with pytest.raises(errors.InvalidInputError):
        client.train("trainable", epochs="many")
    with pytest.raises(errors.JobNotFoundError):
        client.job("nothing")
    with pytest.raises(errors.ModelError, match="no luck"):
        client.train("trainable", fault="raise").result()


OPEN = """\
import sys
import deepaas

client = deepaas.Client(sys.argv[1])
print(client.predict("trainable", x=1, version=0))
job = deepaas.Client(sys.argv[1]).train("trainable", epochs=1)
print(job.wait())
"""


def test_a_client_that_nobody_closes_is_silent_and_lives_as_long_as_its_jobs(
    server: Server,
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", OPEN, server.url],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("2\nsuccessful\n", "") == (done.stdout, done.stderr)


def test_who_waits_for_a_time_is_told_that_the_job_goes_on(
    client: deepaas.Client,
) -> None:
    job = client.train("trainable", fault="hang")

    for progress in (False, True):
        with pytest.raises(TimeoutError, match=r"after 0\.1 s\. It goes on"):
            job.wait(timeout=0.1, progress=progress)

    assert job.status in ("accepted", "running")
    assert "dismissed" == job.cancel()
    assert "dismissed" == job.wait(timeout=60)


def test_a_client_names_the_version_to_ask_and_to_start_from(
    client: deepaas.Client,
) -> None:
    first = client.train("trainable", epochs=1)
    assert "successful" == first.wait()
    number = first.refresh()["made_version"]

    second = client.train("trainable", version=0, epochs=1)
    second.wait()
    validated = client.validate("trainable", version=number).result()

    listed = client.versions("trainable")["versions"]
    assert [0] == [one["parent"] for one in listed if one.get("job") == second.id]
    assert number == validated["version"]
    assert 2 + 100 * number == client.predict("trainable", x=1, version=number)
    with pytest.raises(errors.InvalidInputError, match="known by its number"):
        client.train("trainable", version="best")


def test_a_list_says_that_there_is_more_and_goes_through_pages(
    run: Run,
    server: Server,
    client: deepaas.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        client.submit("trainable", inputs={"x": 1}).wait()

    part = run("jobs", "list", "--url", server.url, "--limit", "2")
    monkeypatch.setattr("deepaas.client.aio._PAGE_SIZE", 1)
    paged = [one.id for one in client.jobs(limit=3)]

    assert 3 == len(part.stdout.splitlines())
    assert "there are more jobs than the newest 2; --limit 20 lists" in part.stderr
    assert 3 == len(set(paged))
    assert part.stdout.splitlines()[1].split()[0] == paged[0]
    whole = run("jobs", "list", "--url", server.url, "--limit", "5000")
    assert "" == whole.stderr
    assert 2 == run("jobs", "list", "--limit", "0").returncode


def test_the_disk_of_a_server_is_counted_on_its_machine(
    run: Run, server: Server
) -> None:
    done = run("jobs", "usage", "--url", server.url)

    assert 2 == done.returncode
    assert "does not tell over HTTP" in done.stderr
    assert "deepaas jobs usage --data-dir DIR" in done.stderr


@pytest.mark.anyio
async def test_a_program_with_a_loop_has_a_client_too(server: Server) -> None:
    async with deepaas.AsyncClient(server.url) as client:
        job = await client.submit("trainable", inputs={"x": 3})
        result = await job.result()
        version = (await client.versions("trainable"))["active"]

    assert 4 + 100 * version == result


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
