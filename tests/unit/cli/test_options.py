"""Options say what to set, in the spelling of 2.x and in ours."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from deepaas.cli import options
from deepaas.cli.options import Command, IniFile
from deepaas.settings import Given, names

if TYPE_CHECKING:
    from collections.abc import Sequence

V2_SWITCHES = [
    *("warm", "train-endpoint", "predict-endpoint", "doc-endpoint", "debug-endpoint"),
    *("debug", "use-json"),
]


def parser(command: Command, *, allow_abbrev: bool = False) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="deepaas-x", allow_abbrev=allow_abbrev)
    options.add_version(made)
    options.add_models(made)
    options.add_server_options(made, command=command)
    return made


def said(line: Sequence[str], command: Command = "run") -> list[tuple[str, object]]:
    namespace = parser(command).parse_args(line)
    return [(given.key, given.value) for given in namespace.said]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--listen-ip 0.0.0.0", ("server.listen_ip", "0.0.0.0")),  # noqa: S104 - data
        ("--listen-port=80", ("server.listen_port", "80")),
        ("--base-path /a", ("server.base_path", "/a")),
        ("--model-name m", ("models.names", ("m",))),
        ("--workers 2", ("workers.per_model", "2")),
        ("-p 2", ("workers.per_model", "2")),
        ("-p2", ("workers.per_model", "2")),
        ("--warm", ("models.warm", True)),
        ("--nowarm", ("models.warm", False)),
        ("--notrain-endpoint", ("api.train_endpoint", False)),
        ("--nopredict-endpoint", ("api.predict_endpoint", False)),
        ("--nodoc-endpoint", ("api.doc_endpoint", False)),
        ("--debug-endpoint", ("api.debug_endpoint", True)),
        ("--client-max-size 7", ("limits.body_bytes", "7")),
        ("--debug", ("log.level", "debug")),
        ("-d", ("log.level", "debug")),
        ("--nodebug", ("log.level", "info")),
        ("--log-level ERROR", ("log.level", "ERROR")),
        ("--log-file a", ("log.file", "a")),
        ("--logfile a", ("log.file", "a")),
        ("--log-dir a", ("log.folder", "a")),
        ("--logdir a", ("log.folder", "a")),
        ("--use-json", ("log.format", "json")),
        ("--nouse-json", ("log.format", "auto")),
    ],
)
@pytest.mark.parametrize("command", ["run", "serve"])
def test_an_option_of_2x_is_understood(
    line: str, expected: tuple[str, object], command: Command
) -> None:
    assert [expected] == said(line.split(), command)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--allowed-host a", ("server.allowed_hosts", ("a",))),
        ("--insecure-no-auth", ("server.insecure_no_auth", True)),
        ("--drain 5", ("server.drain_s", "5")),
        ("--strict", ("models.strict", True)),
        ("--no-warm", ("models.warm", False)),
        ("--body-limit 1GiB", ("limits.body_bytes", "1GiB")),
        ("--deadline 5", ("limits.deadline_s", "5")),
        ("--queue-size 5", ("limits.queue_size", "5")),
        ("--memory-limit 2GB", ("limits.worker_memory_bytes", "2GB")),
        ("--no-error-detail", ("error_detail", False)),
        ("--spool-dir /x", ("spool_dir", "/x")),
        ("--log-format text", ("log.format", "text")),
        ("--no-access-log", ("log.access", False)),
    ],
)
def test_an_option_of_ours_is_understood(
    line: str, expected: tuple[str, object]
) -> None:
    assert [expected] == said(line.split(), "serve")


@pytest.mark.parametrize("name", V2_SWITCHES)
def test_each_switch_has_both_opposites(name: str) -> None:
    [(_, on)] = said([f"--{name}"])

    assert said([f"--no{name}"]) == said([f"--no-{name}"])
    assert [on] != [value for _, value in said([f"--no{name}"])]


def test_options_and_files_are_noted_in_their_order() -> None:
    line = ["--workers", "1", "--config-file", "a", "--warm", "--config-dir", "b"]
    namespace = parser("run").parse_args(line)

    assert (
        Given(key="workers.per_model", value="1", source="--workers"),
        IniFile(path="a", is_folder=False),
        Given(key="models.warm", value=True, source="--warm"),
        IniFile(path="b", is_folder=True),
    ) == namespace.said


@pytest.mark.parametrize(
    "line",
    [
        "--predict-workers 2",
        "--train-workers=2",
        "--shell_completion bash",
        "--log-config-append f",
        "--log-config f",
        "--log-date-format %H",
        "--watch-log-file",
        "--nouse-syslog",
        "--use-journal",
        "--syslog-log-facility LOG_USER",
    ],
)
@pytest.mark.parametrize("command", ["run", "cli", "serve"])
def test_a_retired_option_is_taken_and_noted(line: str, command: Command) -> None:
    namespace = parser(command).parse_args(line.split())

    assert (line.split("=")[0].split()[0],) == namespace.retired
    assert () == namespace.said


@pytest.mark.parametrize("line", ["--openwhisk-detect", "-w", "--noopenwhisk-detect"])
@pytest.mark.parametrize("command", ["cli", "serve"])
def test_only_deepaas_run_looks_for_openwhisk(line: str, command: Command) -> None:
    assert (line,) == parser(command).parse_args([line]).retired


@pytest.mark.parametrize("option", ["--listen-ip", "--listen-port", "--base-path"])
def test_deepaas_cli_has_no_options_for_an_address(option: str) -> None:
    assert option not in parser("cli").format_help()


def test_deepaas_cli_has_the_other_options_of_2x_and_none_of_ours() -> None:
    flags = set(parser("cli").format_help().replace(",", " ").split())

    assert {"--workers", "--warm", "--client-max-size", "--log-file"} <= flags
    assert set() == flags & {f"--{name}" for name in names.OWN_OPTIONS}


def test_models_may_stand_without_an_option() -> None:
    namespace = parser("serve").parse_args(["--warm", "a.py", "b:c", "--debug"])

    assert ["a.py", "b:c"] == namespace.models


def test_two_parsings_have_nothing_in_common() -> None:
    made = parser("serve")
    made.parse_args(["--warm"])

    assert () == made.parse_args([]).said


def test_the_version_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser("run").parse_args(["--version"])

    assert 0 == ended.value.code
    assert "3.0.0\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--nonsense", "unrecognized arguments: --nonsense"),
        ("--warm=false", "ignored explicit argument 'false'"),
        ("--work 2", "unrecognized arguments: --work"),
        ("--workers", "expected one argument"),
    ],
)
def test_a_wrong_option_ends_with_2(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser("serve").parse_args(line.split())

    assert 2 == ended.value.code
    assert message in capsys.readouterr().err


def test_2x_lets_options_be_abbreviated() -> None:
    namespace = parser("run", allow_abbrev=True).parse_args(
        ["--nowar", "--client", "1"]
    )

    assert [False, "1"] == [given.value for given in namespace.said]


@pytest.mark.parametrize("command", ["run", "cli", "serve"])
def test_help_shows_the_defaults_of_the_command(command: Command) -> None:
    text = " ".join(parser(command).format_help().split())

    expected = "100000000" if command == "serve" else "0"
    assert f"Largest body of a request; 0 means no limit (default: {expected})" in text
