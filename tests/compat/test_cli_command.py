"""`deepaas-cli`: what scripts give it, and what they look for in its output.

The scripts that are imitated here are published: OSCAR's service, CWL and Node-RED
flows, job scripts of clusters.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.compat.workshop import Workshop

    Cli = Callable[..., subprocess.CompletedProcess[str]]

COMMAND = {"command": "compat_models.command"}
OUTPUT = "--deepaas_method_output"
DEFAULTS = {
    "text": "foo",
    "integer": 7,
    "number": 0.5,
    "flag": False,
    "integers": [],
    "mapping": {},
    "choice": "red",
    "renamed": "",
    "accept": "application/json",
    "how": "",
    "fail": "",
}


@pytest.fixture
def cli(workshop: Workshop) -> Cli:
    def run(
        *words: str | Path, models: dict[str, str] = COMMAND, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return workshop.call(
            "deepaas-cli", *words, models=models, environment=environment
        )

    return run


def returned(done: subprocess.CompletedProcess[str]) -> str:
    """Return what stands behind `return: ` on standard output."""
    assert 0 == done.returncode, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if "return: " in line]
    return line.partition("return: ")[2].removesuffix("\x1b[00m")


def predicted(done: subprocess.CompletedProcess[str]) -> Any:
    return ast.literal_eval(returned(done))


def announced(done: subprocess.CompletedProcess[str]) -> str:
    """Return the file as OSCAR finds it: `grep 'New output is' | cut -f 5 -d ' '`."""
    log = done.stdout + done.stderr
    [line] = [line for line in log.splitlines() if "New output is" in line]
    return line.split(" ")[4].removesuffix("\x1b[00m")


# --------------------------------------------------------------------- version


def test_oscar_can_read_the_version(cli: Cli) -> None:
    done = cli("--version")

    assert 0 == done.returncode
    numbers = done.stdout.splitlines()[-1].split("-")[0].split(".")
    assert (2, 5, 0) <= tuple(int(number) for number in numbers)


@pytest.mark.differs_from_26("it looks for models first (defect 38)")
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_work_with_any_number_of_models(cli: Cli, option: str) -> None:
    two = {**COMMAND, "probe": "compat_models.probe"}

    assert 0 == cli(option, models=two).returncode
    assert 0 == cli(option, models={}).returncode


# -------------------------------------------------------------------- metadata


@pytest.mark.parametrize("words", [["get_metadata"], []])
def test_metadata_are_json_on_one_line(cli: Cli, words: list[str]) -> None:
    assert {"name": "Command", "version": "9"} == json.loads(returned(cli(*words)))


def test_metadata_can_be_written_to_a_file(cli: Cli, tmp_path: Path) -> None:
    done = cli(OUTPUT, tmp_path / "deep" / "about.json", "get_metadata")

    assert 0 == done.returncode
    about = json.loads((tmp_path / "deep" / "about.json").read_text())
    assert {"name": "Command", "version": "9"} == about


# --------------------------------------------------------------------- predict


def test_a_prediction_is_a_python_literal(cli: Cli) -> None:
    assert DEFAULTS == predicted(cli("predict"))


def test_braces_are_enough_to_find_the_prediction(cli: Cli) -> None:
    done = cli("predict")

    [found] = re.findall("{.*}", done.stdout + done.stderr)
    assert DEFAULTS == ast.literal_eval(found)


def test_options_are_read_by_the_type_of_the_argument(cli: Cli) -> None:
    done = cli(
        "predict",
        "--integer",
        "4",
        "--number=1e3",
        "--flag",
        "yes",
        "--integers",
        "[1,2]",
        "--mapping",
        "{'a': 1}",
        "--text=a b=c",
    )

    expected = {
        "integer": 4,
        "number": 1000.0,
        "flag": True,
        "integers": [1, 2],
        "mapping": {"a": 1},
        "text": "a b=c",
    }
    assert DEFAULTS | expected == predicted(done)


def test_an_option_has_the_name_of_the_argument_not_of_the_wire(cli: Cli) -> None:
    assert "x" == predicted(cli("predict", "--renamed", "x"))["renamed"]


@pytest.mark.parametrize(("text", "expected"), [("t", True), ("0", False)])
def test_a_flag_is_a_word(cli: Cli, text: str, *, expected: bool) -> None:
    assert expected is predicted(cli("predict", "--flag", text))["flag"]


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "--integer", "x"],
        ["predict", "--nothing", "1"],
        ["nonsense"],
        ["--nonsense", "predict"],
        ["train"],
        ["train", "--epochs", "x"],
    ],
)
def test_bad_options_are_exit_code_2(cli: Cli, words: list[str]) -> None:
    assert 2 == cli(*words).returncode


def test_a_missing_argument_is_named(cli: Cli) -> None:
    assert "--epochs" in cli("train").stderr


@pytest.mark.differs_from_26("it does not validate (defect 41)")
def test_values_are_validated(cli: Cli) -> None:
    done = cli("predict", "--choice", "blue")

    assert 0 != done.returncode
    assert "choice" in done.stderr
    assert "Must be one of" in done.stderr


def test_a_file_is_a_copy_with_the_path_as_given(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "hello.txt"
    path.write_text("hello")

    upload = predicted(cli("predict", "--data", path))

    expected = {
        "name": "data",
        "content_type": "text/plain",
        "original_filename": str(path),
        "is_a_copy": True,
        "text": "hello",
    }
    assert expected == upload
    assert "hello" == path.read_text()


def test_an_absent_file_is_named(cli: Cli) -> None:
    done = cli("predict", "--data", "/nowhere/absent.txt")

    assert done.returncode in {1, 2}
    assert "/nowhere/absent.txt" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("value_error", "the photo is upside down"),
        ("bad_request_text", "no such breed"),
        ("two_arguments", "7 things"),
        ("not_implemented", "not in this version"),
    ],
)
def test_an_exception_of_the_model_is_exit_code_1(
    cli: Cli, way: str, message: str
) -> None:
    done = cli("predict", "--fail", way)

    assert 1 == done.returncode
    assert message in done.stdout + done.stderr


def test_help_of_a_method_names_its_arguments(cli: Cli) -> None:
    done = cli("predict", "--help")

    assert 0 == done.returncode
    assert "--integer" in done.stdout
    assert "A text" in done.stdout


def test_help_names_the_methods(cli: Cli) -> None:
    done = cli("--help")

    assert 0 == done.returncode
    for word in ("get_metadata", "warm", "predict", "train", OUTPUT):
        assert word in done.stdout


# ---------------------------------------------------------------------- output


@pytest.mark.parametrize(
    ("given", "written"),
    [("out.json", "out.json"), ("a/b/out", "a/b/out.json"), ("o.txt", "o.txt.json")],
)
def test_a_prediction_can_be_written_as_json(
    cli: Cli, tmp_path: Path, given: str, written: str
) -> None:
    done = cli(OUTPUT, tmp_path / given, "predict")

    assert f"Output is saved in {tmp_path / written}" == returned(done)
    assert DEFAULTS == json.loads((tmp_path / written).read_text())


def test_oscar_finds_a_file_whose_name_had_to_change(cli: Cli, tmp_path: Path) -> None:
    done = cli(OUTPUT, tmp_path / "out", "predict")

    assert str(tmp_path / "out.json") == announced(done)


def test_a_file_whose_name_fits_is_not_announced_as_new(
    cli: Cli, tmp_path: Path
) -> None:
    done = cli(OUTPUT, tmp_path / "out.json", "predict")

    assert "New output is" not in done.stdout + done.stderr


def test_a_picture_is_written_as_one(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        OUTPUT, tmp_path / "out", "predict", "--accept", "image/png", "--how", "buffer"
    )

    assert str(tmp_path / "out.png") == announced(done)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.differs_from_26("it announces the file and writes nothing (defect 37)")
@pytest.mark.parametrize("how", ["bytes", "file", "returned", "unwound"])
def test_a_picture_of_any_kind_is_written(cli: Cli, tmp_path: Path, how: str) -> None:
    words = ["predict", "--accept", "image/png", "--how", how]

    cli(OUTPUT, tmp_path / "out.png", *words)

    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


# --------------------------------------------------------------- train and warm


def training_is_done(document: dict[str, Any]) -> None:
    assert "done" == document["status"]
    assert {"epochs": 3, "rate": 0.1, "fail": False} == document["args"]
    assert re.fullmatch("[0-9a-f]{32}", document["uuid"])
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", document["date"])
    result = document["result"]
    assert {"trained": 3} == result["output"]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", result["finish_date"])
    assert re.match(r"\d+:\d\d:\d\d", result["duration"])


def test_a_training_runs_in_process(cli: Cli) -> None:
    training_is_done(json.loads(returned(cli("train", "--epochs", "3"))))


def test_a_training_can_be_written_to_a_file(cli: Cli, tmp_path: Path) -> None:
    done = cli(OUTPUT, tmp_path / "train.json", "train", "--epochs=3")

    assert f"Output is saved in {tmp_path / 'train.json'}" == returned(done)
    training_is_done(json.loads((tmp_path / "train.json").read_text()))


def test_a_training_that_fails_is_exit_code_1(cli: Cli) -> None:
    done = cli("train", "--epochs", "3", "--fail", "yes")

    assert 1 == done.returncode
    assert "diverged" in done.stdout + done.stderr


def test_warm_runs_the_models_warm(cli: Cli) -> None:
    done = cli("warm")

    assert "warming" in done.stdout + done.stderr
    assert "Finished warm() method" == returned(done)


@pytest.mark.differs_from_26("it predicts without `warm` (defect 43)")
def test_a_prediction_is_made_warm(cli: Cli) -> None:
    done = cli("predict", models={"warmed": "compat_models.warmed"})

    assert 1 == predicted(done)["warmed_times"]


# ------------------------------------------------------------ which model, options


def test_the_environment_names_the_model(cli: Cli) -> None:
    two = {**COMMAND, "probe": "compat_models.probe"}

    done = cli("get_metadata", models=two, DEEPAAS_V2_MODEL="probe")

    assert "Probe" == json.loads(returned(done))["name"]


@pytest.mark.differs_from_26("the option has no effect (defect 38)")
def test_an_option_names_the_model(cli: Cli) -> None:
    two = {**COMMAND, "probe": "compat_models.probe"}

    done = cli("--model-name", "probe", "get_metadata", models=two)

    assert "Probe" == json.loads(returned(done))["name"]


def test_several_models_and_none_named_is_exit_code_1(cli: Cli) -> None:
    two = {**COMMAND, "probe": "compat_models.probe"}

    done = cli("get_metadata", models=two)

    assert 1 == done.returncode
    assert "command" in done.stderr
    assert "DEEPAAS_V2_MODEL" in done.stderr


def test_an_unknown_model_is_exit_code_1(cli: Cli) -> None:
    done = cli("get_metadata", DEEPAAS_V2_MODEL="nobody")

    assert 1 == done.returncode
    assert "nobody" in done.stderr


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ({}, "deepaas.v2.model"),
        ({"bad": "compat_models.bad_import"}, ""),
    ],
)
def test_no_model_that_works_is_exit_code_1(
    cli: Cli, models: dict[str, str], reason: str
) -> None:
    done = cli("get_metadata", models=models)

    assert 1 == done.returncode
    assert reason in done.stderr


def test_options_of_the_server_are_accepted_before_the_method(cli: Cli) -> None:
    done = cli(
        "--debug",
        "--workers",
        "2",
        "--nowarm",
        "--notrain-endpoint",
        "--client-max-size=5",
        "--deepaas_with_multiprocessing",
        "predict",
    )

    assert DEFAULTS == predicted(done)


def test_multiprocessing_can_be_declined(cli: Cli) -> None:
    assert DEFAULTS == predicted(cli("--nodeepaas_with_multiprocessing", "predict"))


def test_options_of_listening_belong_to_the_server(cli: Cli) -> None:
    assert 2 == cli("--listen-ip", "127.0.0.1", "get_metadata").returncode


@pytest.mark.differs_from_26("it fails on such models (defect 39)")
def test_a_model_without_training_predicts(cli: Cli) -> None:
    done = cli(
        "predict", "--name", "x", "--count", "2", models={"m": "compat_models.strict"}
    )

    assert {"name": "x", "count": 2, "kind": "a"} == predicted(done)


@pytest.mark.differs_from_26("absent arguments are a strange object (defect 40)")
def test_an_argument_without_default_is_absent(cli: Cli) -> None:
    done = cli("predict", models={"probe": "compat_models.probe"})

    assert "absent" not in predicted(done)
