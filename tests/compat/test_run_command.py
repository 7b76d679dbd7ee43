"""`deepaas-run`: its options, files, variables, exit codes and what it prints."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.support.server import ServerStartError, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compat.workshop import StartServer, Workshop

PROBE = {"probe": "compat_models.probe"}
STRICT = {"strict": "compat_models.strict"}
BAD = {"bad": "compat_models.bad_import"}
WARMED = {"warmed": "compat_models.warmed"}


def served(url: str) -> list[str]:
    """Return the models of a server, by the address of each."""
    models = httpx2.get(f"{url}/v2/models/").json()["models"]
    return [one["links"][0]["href"].rpartition("/")[2] for one in models]


def failed_start(start_server: StartServer, *options: str, **arguments: object) -> str:
    """Return what a server printed that cannot start; its exit code must be 1."""
    server = start_server(*options, **arguments)
    with pytest.raises(ServerStartError, match="ended with 1:"):
        server.wait_until_ready()
    return server.output


def write_ini(folder: Path, **keys: object) -> Path:
    path = folder / "deepaas.conf"
    lines = [f"{key} = {value}" for key, value in keys.items()]
    path.write_text("\n".join(["[DEFAULT]", "# a comment", *lines, ""]))
    return path


# ------------------------------------------------------------------- on its own


def test_the_version_is_dotted_integers_alone(workshop: Workshop) -> None:
    done = workshop.call("deepaas-run", "--version", models=PROBE)

    assert 0 == done.returncode
    parts = [int(part) for part in done.stdout.strip().split(".")]
    assert [2, 5, 0] <= parts


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_the_options_of_26(workshop: Workshop, option: str) -> None:
    done = workshop.call("deepaas-run", option, models=PROBE)

    assert 0 == done.returncode
    for name in (
        "--listen-ip",
        "--listen-port",
        "--base-path",
        "--model-name",
        "--workers",
        "--warm",
        "--train-endpoint",
        "--predict-endpoint",
        "--doc-endpoint",
        "--debug-endpoint",
        "--client-max-size",
        "--config-file",
        "--config-dir",
        "--debug",
        "--log-file",
    ):
        assert name in done.stdout


@pytest.mark.parametrize("words", [["--nonsense"], ["--listen-port"]])
def test_bad_options_are_exit_code_2(workshop: Workshop, words: list[str]) -> None:
    done = workshop.call("deepaas-run", *words, models=PROBE)

    assert 2 == done.returncode
    assert "usage" in done.stderr.lower()


@pytest.mark.differs_from_26("it says so and exits with 0")
def test_a_bad_value_is_exit_code_2(workshop: Workshop) -> None:
    done = workshop.call("deepaas-run", "--listen-port", "many", models=PROBE)

    assert 2 == done.returncode
    assert "many" in done.stderr


def test_a_base_path_begins_with_a_slash(start_server: StartServer) -> None:
    output = failed_start(start_server, "--base-path", "a/b", models=PROBE)

    assert "base path" in output.lower()
    assert "'/'" in output


@pytest.mark.differs_from_26("it prints a traceback")
def test_a_port_in_use_is_one_line(start_server: StartServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        server = start_server("--listen-port", str(port), models=PROBE, port=port)

        assert 0 != server.process.wait(30)
    assert str(port) in server.output
    assert "Traceback" not in server.output


# ----------------------------------------------------------------------- models


def test_all_models_are_served_when_none_is_named(start_server: StartServer) -> None:
    server = start_server(models={**PROBE, **STRICT})
    server.wait_until_ready()

    assert {"probe", "strict"} == set(served(server.url))


def test_the_named_model_is_served_alone(start_server: StartServer) -> None:
    server = start_server(
        "--model-name",
        "probe",
        models={**PROBE, **STRICT},
        environment={"DEEPAAS_V2_MODEL": "strict"},
    )
    server.wait_until_ready()

    assert ["probe"] == served(server.url)


def test_the_environment_names_a_model(start_server: StartServer) -> None:
    server = start_server(
        models={**PROBE, **STRICT}, environment={"DEEPAAS_V2_MODEL": "strict"}
    )
    server.wait_until_ready()

    assert ["strict"] == served(server.url)


def test_an_unknown_model_ends_the_start(start_server: StartServer) -> None:
    output = failed_start(start_server, "--model-name", "nobody", models=PROBE)

    assert "nobody" in output


def test_an_unknown_model_in_the_environment_ends_the_start(
    start_server: StartServer,
) -> None:
    output = failed_start(
        start_server, models=PROBE, environment={"DEEPAAS_V2_MODEL": "nobody"}
    )

    assert "nobody" in output


def test_a_named_model_that_cannot_be_imported_ends_the_start(
    start_server: StartServer,
) -> None:
    models = {**BAD, **PROBE}

    output = failed_start(start_server, "--model-name", "bad", models=models)

    assert "bad" in output


@pytest.mark.differs_from_26("it serves a substitute (defect 29)")
def test_a_model_that_cannot_be_imported_ends_the_start_with_its_traceback(
    start_server: StartServer,
) -> None:
    output = failed_start(start_server, models=BAD)

    assert "Traceback" in output
    assert "a_library_that_nobody_has" in output


@pytest.mark.differs_from_26("it serves a substitute (defect 29)")
def test_no_model_at_all_ends_the_start(start_server: StartServer) -> None:
    output = failed_start(start_server, models={})

    assert "entry point" in output
    assert "Traceback" not in output


def test_a_model_that_cannot_be_imported_hurts_no_other(
    start_server: StartServer,
) -> None:
    server = start_server(models={**BAD, **PROBE})
    server.wait_until_ready()

    assert "probe" in served(server.url)
    answer = httpx2.post(f"{server.url}/v2/models/probe/predict/")
    assert 200 == answer.status_code
    server.wait_for_output("a_library_that_nobody_has")


def test_a_model_that_cannot_warm_up_ends_the_start(start_server: StartServer) -> None:
    output = failed_start(start_server, models={"cold": "compat_models.bad_warm"})

    assert "the weights are not there" in output


def test_without_warm_a_model_is_cold(start_server: StartServer) -> None:
    server = start_server("--nowarm", models=WARMED)
    server.wait_until_ready()

    answer = httpx2.post(f"{server.url}/v2/models/warmed/predict/").json()
    assert "none" == answer["predictions"]["weights"]


@pytest.mark.parametrize("option", ["--workers", "-p"])
def test_several_workers_are_all_warm(start_server: StartServer, option: str) -> None:
    server = start_server(option, "2", models=WARMED)
    server.wait_until_ready()
    url = f"{server.url}/v2/models/warmed/predict/"

    answers = [httpx2.post(url).json()["predictions"] for _ in range(8)]

    assert {"loaded"} == {one["weights"] for one in answers}


# ------------------------------------------------------- options, files, variables


def test_an_ini_file_sets_options(start_server: StartServer, tmp_path: Path) -> None:
    port = free_port()
    ini = write_ini(
        tmp_path,
        listen_ip="127.0.0.1",
        listen_port=port,
        train_endpoint="false",
        doc_endpoint="False",
        base_path="/ini",
        workers=1,
        warm="true",
        client_max_size=0,
        debug="true",
        model_name="strict",
        a_key_that_nobody_knows="kept quiet",
        log_date_format="%Y-%m-%d %H:%M:%S",
    )

    server = start_server("--config-file", ini, models={**PROBE, **STRICT}, port=port)
    server.wait_until_ready("/ini/v2/")

    base = f"{server.url}/ini"
    assert ["strict"] == served(base)
    assert 402 == httpx2.get(f"{base}/v2/models/strict/train/").status_code
    assert 404 == httpx2.get(f"{base}/api").status_code


def test_the_later_of_option_and_file_wins(
    start_server: StartServer, tmp_path: Path
) -> None:
    ini = write_ini(tmp_path, base_path="/file")

    option_last = start_server(
        "--config-file", ini, "--base-path", "/option", models=PROBE
    )
    file_last = start_server(
        "--base-path", "/option", "--config-file", ini, models=PROBE
    )

    option_last.wait_until_ready("/option/v2/")
    file_last.wait_until_ready("/file/v2/")


def test_an_option_in_the_environment_wins_over_the_file_in_the_home_folder(
    start_server: StartServer, tmp_path: Path
) -> None:
    (tmp_path / ".deepaas").mkdir()
    write_ini(tmp_path / ".deepaas", base_path="/home", train_endpoint="false")
    environment = {"HOME": str(tmp_path), "OS_DEFAULT__BASE_PATH": "/variable"}

    server = start_server(models=PROBE, environment=environment)

    server.wait_until_ready("/variable/v2/")
    trainings = f"{server.url}/variable/v2/models/probe/train/"
    assert 402 == httpx2.get(trainings).status_code


def test_the_command_line_wins_over_the_environment(start_server: StartServer) -> None:
    environment = {"OS_DEFAULT__BASE_PATH": "/variable"}

    server = start_server("--base-path=/option", models=PROBE, environment=environment)

    server.wait_until_ready("/option/v2/")


def test_a_file_wins_over_the_models_variable(
    start_server: StartServer, tmp_path: Path
) -> None:
    ini = write_ini(tmp_path, model_name="probe")

    server = start_server(
        "--config-file",
        ini,
        models={**PROBE, **STRICT},
        environment={"DEEPAAS_V2_MODEL": "strict"},
    )
    server.wait_until_ready()

    assert ["probe"] == served(server.url)


def test_a_folder_of_files_is_read(start_server: StartServer, tmp_path: Path) -> None:
    write_ini(tmp_path, base_path="/folder")

    server = start_server("--config-dir", tmp_path, models=PROBE)

    server.wait_until_ready("/folder/v2/")


def test_an_absent_file_ends_the_start(start_server: StartServer) -> None:
    server = start_server("--config-file", "absent.conf", models=PROBE)

    assert 0 != server.process.wait(30)
    assert "absent.conf" in server.output


def test_any_address_can_be_listened_on(start_server: StartServer) -> None:
    server = start_server("--listen-ip", "0.0.0.0", models=PROBE)  # noqa: S104 - as images do

    server.wait_until_ready()


def test_options_of_the_log_are_accepted(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(
        "-d",
        "--log-date-format",
        "%H:%M",
        "--nouse-syslog",
        "--nouse-json",
        "--nowatch-log-file",
        "--log-file",
        str(tmp_path / "deepaas.log"),
        models=PROBE,
    )
    server.wait_until_ready()

    assert 0 == server.stop()
    assert (tmp_path / "deepaas.log").read_text()


@pytest.mark.differs_from_26("it refuses them, and published images do not start")
def test_retired_options_are_ignored_with_a_warning(start_server: StartServer) -> None:
    options = ["--use-syslog", "--predict-workers", "2"]

    server = start_server(*options, "--train-workers=1", models=PROBE)
    server.wait_until_ready()

    for option in (*options[:-1], "--train-workers"):
        assert option in server.output


@pytest.mark.differs_from_26("it refuses them, and published images do not start")
def test_without_openwhisk_nothing_is_detected(start_server: StartServer) -> None:
    server = start_server("--openwhisk-detect", "-w", models=PROBE)

    server.wait_until_ready()


# ---------------------------------------------------------------- start and end


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_what_it_does_and_ends_in_good_order(
    start_server: StartServer, one: signal.Signals
) -> None:
    server = start_server(models=PROBE)
    server.wait_until_ready()

    httpx2.get(f"{server.url}/v2/models/probe/")

    assert "GET" in server.wait_for_output("/v2/models/probe/")
    assert "======== Running on " in server.output
    assert server.url in server.output
    assert 0 == server.stop(with_signal=one)
