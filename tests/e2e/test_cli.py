"""The installed commands, a real server behind `--url`, and the scripts that scrape.

The pipelines of the scripts are those that are published (OSCAR, CWL, phyto-plankton),
run by the real grep, cut and sed.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.distributions import python_path, write_distribution

from deepaas.testing import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Done = subprocess.CompletedProcess[str]
    Run = Callable[..., Done]

PROGRAMS = Path(sys.executable).parent

MODELS = {
    "typed.py": """\
import enum
from collections.abc import Iterator
from pathlib import Path
from pydantic import BaseModel

class Place(BaseModel):
    latitude: float
    longitude: float = 0.0

class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"

def predict(
    name: str,
    size: float = 1.5,
    flag: bool = False,
    numbers: list[int] = [],
    place: Place | None = None,
    colour: Colour = Colour.RED,
    scans: list[Path] = [],
) -> dict[str, object]:
    '''Tell what was given.

    Args:
        name: Any text, also ü.
    '''
    if name == "fail":
        raise RuntimeError("the reactor is too hot")
    print("predicting")
    return {
        "name": name, "size": size, "flag": flag, "numbers": numbers,
        "place": place, "colour": colour, "scans": [s.read_text() for s in scans],
    }
""",
    "stream.py": """\
from collections.abc import Iterator
def predict(upto: int, fail_at: int = 99) -> Iterator[int]:
    for number in range(upto):
        if number == fail_at:
            raise RuntimeError("out of numbers")
        yield number
""",
    "picture.py": """\
import deepaas
def predict(photo: deepaas.File) -> bytes:
    return photo.read_bytes()[:4]
""",
    "published.py": """\
import io
from aiohttp import web
from webargs import fields, validate

def get_metadata():
    return {"name": "published", "version": "1.2.3"}

def get_predict_args():
    return {
        "size": fields.Int(required=True, validate=validate.Range(max=5)),
        "options": fields.Dict(load_default={}),
        "names": fields.List(fields.Str(), load_default=[]),
        "data": fields.Field(
            load_default=None, metadata={"type": "file", "location": "form"}
        ),
        "accept": fields.Str(
            load_default="application/json",
            metadata={"location": "headers"},
            validate=validate.OneOf(["application/json", "image/png"]),
        ),
    }

def predict(**kwargs):
    if kwargs["size"] == 5:
        raise web.HTTPBadRequest(reason="five is taken")
    if kwargs["accept"] == "image/png":
        return io.BytesIO(b"\\x89PNG")
    if kwargs["data"]:
        kwargs["data"] = open(kwargs["data"].filename).read()
    return {"status": "OK", **kwargs}

def get_train_args():
    return {"num_epochs": fields.Int(load_default=1), "model": fields.Str()}

def train(**kwargs):
    return kwargs
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models, and a file to send."""
    folder = tmp_path_factory.mktemp("cli")
    for name, text in MODELS.items():
        (folder / name).write_text(text)
    (folder / "hällo.txt").write_text("hello")
    write_distribution(folder, "pub", {"deepaas.v2.model": {"published": "published"}})
    return folder


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "PYTHONPATH": python_path(folder),
        "PYTHONWARNINGS": "ignore",
        "HOME": str(folder),
    }


@pytest.fixture(scope="module")
def run(folder: Path, environment: dict[str, str]) -> Run:
    """Run a command in the folder."""

    def run_one(*words: str | Path) -> Done:
        return subprocess.run(
            [PROGRAMS / words[0], *words[1:]],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_one


@pytest.fixture(scope="module")
def sh(folder: Path, environment: dict[str, str]) -> Callable[[str], str]:
    """Run a line of a script and return what it prints."""

    def run_line(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    return run_line


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    models = [folder / name for name in MODELS]
    with Server(*models, environment={"PYTHONWARNINGS": "ignore"}) as server:
        yield server


# ------------------------------------------------- the same here and at a server

CALLS = {
    "typed --name Rose": 0,
    "typed --name grün --size -1e-3 --flag --numbers 1 -2 --colour blue": 0,
    'typed --name x --place {"latitude":43.5} --numbers [] --flag=no': 0,
    "typed --name x --scans hällo.txt hällo.txt": 0,
    "typed --name --size 3": 2,
    "typed --size big --colour green --numbers 1 x": 2,
    "typed --name x --scans nowhere.txt": 2,
    "typed --name fail": 1,
    "typed --nme x": 2,
    "stream --upto 3": 0,
    "stream --upto 3 --fail_at 1": 1,
    "stream --upto 3 --fail_at 0": 1,
    "picture --photo hällo.txt": 0,
    "published --size 2 --names a b": 0,
    'published --size 2 --options {"a":1}': 0,
    "published --size 2 --data hällo.txt": 0,
    "published --size 9 --names a": 2,
    "published --size 5": 1,
    "published": 2,
}


@pytest.mark.parametrize(("line", "status"), CALLS.items())
def test_a_call_ends_alike_here_and_at_a_server(
    run: Run, server: Server, line: str, status: int
) -> None:
    model, *words = line.split()

    here = run("deepaas", "predict", "--json", f"{model}.py", *words)
    there = run("deepaas", "predict", "--json", "--url", server.url, model, *words)

    assert (status, status) == (here.returncode, there.returncode)
    assert here.stdout == there.stdout
    assert _complaint(here) == _complaint(there)


def test_the_type_of_a_2x_result_is_chosen_alike(
    run: Run, server: Server, folder: Path
) -> None:
    words = ["--size", "2", "--accept", "image/png"]
    there = ["--url", server.url, "published"]

    assert (
        0 == run("deepaas", "predict", "-o", "1.png", "published.py", *words).returncode
    )
    assert 0 == run("deepaas", "predict", "-o", "2.png", *there, *words).returncode

    assert b"\x89PNG" == (folder / "1.png").read_bytes()
    assert b"\x89PNG" == (folder / "2.png").read_bytes()


def _complaint(done: Done) -> list[str]:
    """Return what is wrong, without tracebacks and prints, which stay at a server."""
    lines = done.stderr.replace(".py", "").splitlines()
    start = [i for i, line in enumerate(lines) if ": error: " in line]
    return lines[start[0] :] if start else []


@pytest.mark.parametrize("model", ["typed", "stream", "picture", "published"])
def test_help_is_the_same_here_and_at_a_server(
    run: Run, server: Server, model: str
) -> None:
    here = run("deepaas", "predict", f"{model}.py", "--help")
    there = run("deepaas", "predict", "--url", server.url, model, "--help")

    assert 0 == here.returncode == there.returncode
    assert sorted(_options(here.stdout)) == sorted(_options(there.stdout))


def _options(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("  --")]


def test_a_servers_models_are_listed(run: Run, server: Server) -> None:
    done = run("deepaas", "models", "--json", "--url", server.url)

    assert ["typed", "stream", "picture", "published"] == [
        one["name"] for one in json.loads(done.stdout)
    ]


def test_a_model_that_a_server_has_not_is_named(run: Run, server: Server) -> None:
    done = run("deepaas", "predict", "--url", server.url, "roses")

    assert 1 == done.returncode
    assert done.stderr.startswith("deepaas: error: No model 'roses' is served at")
    assert "typed, stream, picture, published" in done.stderr


@pytest.mark.parametrize(
    ("url", "status", "part"),
    [
        ("http://127.0.0.1:1", 3, "cannot be reached: Connection refused"),
        ("http://nowhere.invalid", 3, "cannot be reached: "),
        ("nonsense", 2, "is no address of a server"),
    ],
)
@pytest.mark.parametrize("command", ["models", "predict"])
def test_a_server_that_cannot_be_reached_is_one_line(
    run: Run, url: str, status: int, part: str, command: str
) -> None:
    words = ["x"] if command == "predict" else []

    done = run("deepaas", command, "--url", url, *words)

    assert status == done.returncode
    [line] = done.stderr.splitlines()
    assert part in line


def test_a_file_and_a_nested_value_do_not_fit_one_request_of_2x(
    run: Run, server: Server
) -> None:
    words = ["--size", "2", "--data", "hällo.txt", "--options", '{"a": 1}']

    there = run("deepaas", "predict", "--url", server.url, "published", *words)
    here = run("deepaas", "predict", "--json", "published.py", *words)

    assert 2 == there.returncode
    assert "files or nested values, not both" in there.stderr
    assert {"a": 1} == json.loads(here.stdout)["predictions"]["options"]


def test_a_binary_result_goes_through_a_pipe(sh: Callable[[str], str]) -> None:
    line = "deepaas predict picture.py --photo hällo.txt | cat"

    assert "hell" == sh(line)


def test_a_reader_that_has_seen_enough_ends_the_command(
    sh: Callable[[str], str],
) -> None:
    endless = "deepaas predict stream.py --upto 1000000000 --fail_at -1"

    assert "0\n" == sh(f"{endless} 2>err | head -n 1; cat err")


# ------------------------------------------------------------------ deepaas new


def test_a_new_package_runs_at_once_and_passes_its_test(run: Run, folder: Path) -> None:
    assert 0 == run("deepaas", "new", "rose-finder").returncode

    model = "rose-finder/src/rose_finder/model.py"
    predicted = run("deepaas", "predict", "--json", model, "--text", "a b a")
    checked = run("deepaas", "check", model)
    tested = run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "rose-finder"
    )

    assert {"word": "a", "count": 2} == json.loads(predicted.stdout)[0]
    assert 0 == checked.returncode
    assert "warning" not in checked.stdout
    assert "2 passed" in tested.stdout


# ------------------------------------------------------- scripts that scrape 2.x


def test_oscar_reads_the_version(sh: Callable[[str], str]) -> None:
    last = sh("deepaas-cli --version 2>&1 | tail -n 1").strip()

    numbers = [int(part) for part in last.split("-")[0].split(".")]
    assert [2, 5, 0] <= numbers


def test_oscar_finds_the_file(sh: Callable[[str], str]) -> None:
    found = sh(
        "deepaas-cli --deepaas_method_output=out/result predict --size 2 "
        "> service.log 2>&1; grep 'New output is' service.log | cut -f 5 -d ' '"
    )

    assert "out/result.json\n" == found
    assert 2 == json.loads(sh("cat out/result.json"))["size"]


def test_oscar_finds_a_picture(sh: Callable[[str], str]) -> None:
    found = sh(
        "deepaas-cli --deepaas_method_output=out/result predict --size 2 "
        "--accept image/png > service.log 2>&1; "
        "grep 'New output is' service.log | cut -f 5 -d ' '"
    )

    assert "out/result.png\n" == found
    assert "4\n" == sh("stat -c %s out/result.png")


def test_node_red_finds_the_file_where_it_said(sh: Callable[[str], str]) -> None:
    sh(
        'F=picked; deepaas-cli --deepaas_method_output="$F.png" predict --size 2 '
        "--accept image/png"
    )

    assert "4\n" == sh("stat -c %s picked.png")


def test_cwl_cuts_the_result_out_of_the_log(sh: Callable[[str], str]) -> None:
    text = sh(
        "deepaas-cli predict --size 2 2>/dev/null | grep -Po '{.*}' "
        """| sed "s/'/\\"/g" | sed 's/None/null/g'"""
    )

    assert {"status": "OK", "size": 2} == {
        key: json.loads(text)[key] for key in ("status", "size")
    }


def test_both_streams_together_hold_one_result(sh: Callable[[str], str]) -> None:
    text = sh("deepaas-cli predict --size 2 2>&1 | grep -Po '{.*}'")

    assert 2 == ast.literal_eval(text)["size"]


def test_phyto_plankton_takes_the_line_with_the_status(
    sh: Callable[[str], str],
) -> None:
    line = sh("""deepaas-cli predict --size 2 2>&1 | grep "{'status':" | tail -1""")

    assert 2 == ast.literal_eval(line[line.index("{") :])["size"]


def test_an_older_script_takes_what_stands_behind_return(
    sh: Callable[[str], str],
) -> None:
    line = sh("deepaas-cli get_metadata 2>/dev/null | grep 'return:' | tail -1")

    assert "published" == json.loads(line.partition("return: ")[2])["name"]


def test_the_result_is_the_last_line(sh: Callable[[str], str]) -> None:
    line = sh("deepaas-cli predict --size 2 2>&1 | tail -n 1")

    assert "return: {'status': 'OK'" in line


def test_job_scripts_train(sh: Callable[[str], str]) -> None:
    text = sh(
        'deepaas-cli train --num_epochs=10 --model="resnet50 (ImageNet)" 2>/dev/null '
        "| grep -Po '{.*}'"
    )

    document = json.loads(text)
    assert "done" == document["status"]
    expected = {"num_epochs": 10, "model": "resnet50 (ImageNet)"}
    assert expected == document["result"]["output"]


SLOW = """\
import os, threading

def predict(x: int = 1) -> int:
    os.fork()
    os.write(2, f"begun {os.getpid()}\\n".encode())
    while True:  # in steps: a signal just before one long wait would not end it
        threading.Event().wait(0.01)
"""


@pytest.mark.parametrize("program", ["deepaas", "deepaas-cli"])
def test_sigterm_ends_a_prediction_and_leaves_no_files(
    tmp_path: Path, environment: dict[str, str], program: str
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    words = {"deepaas": ["predict", "slow.py"], "deepaas-cli": ["predict"]}[program]
    with subprocess.Popen(
        [PROGRAMS / program, *words],
        cwd=tmp_path,
        env={
            **environment,
            "TMPDIR": str(temporary),
            "DEEPAAS_V2_MODEL": "slow.py",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        try:
            begun: list[int] = []
            while len(begun) < 2:
                line = command.stderr.readline()
                assert line
                begun += [int(line.split()[1])] if line.startswith("begun") else []
            for process in sorted(begun, key=lambda one: one == command.pid):
                os.kill(process, signal.SIGTERM)
            left = command.stderr.read()
            command.wait()
        finally:
            command.kill()

    assert 143 == command.returncode
    assert "Traceback" not in left
    assert [] == list(temporary.iterdir())
