"""`deepaas-run` and `deepaas serve`, up to the server itself."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.logging_state import logging_restored

from deepaas.cli import run, serve, start
from deepaas.errors import ConfigurationError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.settings import Profile, Settings

Served = list[tuple[str, "Settings"]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the commands would have served."""
    calls: Served = []

    def take(settings: Settings, *, profile: Profile) -> int:
        calls.append((profile, settings))
        return 0

    monkeypatch.setattr(start, "serve", take)
    return calls


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the user's files out, and leave logging as it was."""
    monkeypatch.setenv("HOME", "/nowhere")
    with logging_restored():
        yield


def deepaas_serve(*line: str) -> int:
    parser = argparse.ArgumentParser(prog="deepaas")
    serve.add_parser(parser.add_subparsers())
    namespace = parser.parse_args(["serve", *line])
    status: int = namespace.run(namespace)
    return status


def test_deepaas_run_shows_where_to_go(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run.main(["plants.py", "--base-path", "/a/", "--listen-port", "5001"])

    [(profile, settings)] = served
    assert ("run", ("plants.py",)) == (profile, settings.models.names)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "API documentation: http://127.0.0.1:5001/a/api" in lines
    assert "API specification: http://127.0.0.1:5001/a/swagger.json" in lines
    assert "V2 endpoint: http://127.0.0.1:5001/a/v2" in lines


def test_deepaas_run_shows_no_page_that_is_switched_off(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    run.main(["--nodoc-endpoint"])

    assert "API documentation" not in capsys.readouterr().out
    assert served


def test_deepaas_run_warns_of_its_habits(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    run.main(["--listen-ip", "0.0.0.0", "--deadline", "5"])  # noqa: S104 - nothing listens

    warning = capsys.readouterr().err
    assert served
    assert "nobody is asked who they are, any Host is answered, a body may" in warning
    assert "for ever" not in warning


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("--base-path a", 1, "a base path begins with '/'"),
        ("--workers many", 2, "--workers: workers.per_model cannot be 'many'"),
        ("--config-file /nowhere", 2, "/nowhere cannot be read"),
    ],
)
def test_deepaas_run_ends_with_one_line(
    line: str,
    status: int,
    message: str,
    served: Served,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status == run.main(line.split())

    [only] = capsys.readouterr().err.splitlines()
    assert only.startswith("deepaas-run: error: ")
    assert message in only
    assert [] == served


def test_deepaas_run_ends_with_the_traceback_of_a_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(settings: Settings, *, profile: Profile) -> int:
        raise ModelLoadError(profile, "no", traceback=str(settings.models.names))

    monkeypatch.setattr(start, "serve", fail)

    assert 1 == run.main(["m"])
    assert "('m',)" == capsys.readouterr().err.splitlines()[-2]


def test_deepaas_run_is_2x_in_its_abbreviations(served: Served) -> None:
    run.main(["--model", "a", "--nowar"])

    [(_, settings)] = served
    assert (("a",), False) == (settings.models.names, settings.models.warm)


@pytest.mark.parametrize(
    ("line", "api_host", "profile"),
    [
        ("--openwhisk", "", "openwhisk"),
        ("--openwhisk-detect", "https://ow.example.org", "openwhisk"),
        ("-w", "xyz", "openwhisk"),
        ("-w", "", "run"),
        ("", "xyz", "run"),
        ("--openwhisk --noopenwhisk", "xyz", "run"),
    ],
)
def test_deepaas_run_is_an_action_where_it_is_told_or_finds_out(
    line: str,
    api_host: str,
    profile: str,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("__OW_API_HOST", api_host)

    assert 0 == run.main(line.split())

    assert [profile] == [profile for profile, _ in served]


def test_deepaas_wsk_is_an_action(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["deepaas-wsk", "plants.py"])

    assert 0 == run.main_openwhisk()

    [(_, settings)] = served
    server = settings.server
    assert ("0.0.0.0", 8080) == (server.listen_ip, server.listen_port)  # noqa: S104 - nothing listens
    assert not settings.jobs.enabled
    assert ("", "") == capsys.readouterr()


def test_an_action_listens_where_it_is_told(served: Served) -> None:
    run.main(["--openwhisk", "--listen-ip", "127.0.0.1", "--listen-port", "9000"])

    [(_, settings)] = served
    assert "127.0.0.1" == settings.server.listen_ip
    assert 9000 == settings.server.listen_port


def test_an_action_has_no_jobs(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == run.main(["--openwhisk", "--jobs"])

    assert "freezes an action" in capsys.readouterr().err
    assert [] == served


def test_deepaas_serve_has_the_safer_defaults(served: Served) -> None:
    assert 0 == deepaas_serve("plants.py", "dogs")

    [(profile, settings)] = served
    assert ("serve", ("plants.py", "dogs")) == (profile, settings.models.names)
    assert 100_000_000 == settings.limits.body_bytes


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "a.example.org"])  # noqa: S104 - nothing listens
def test_deepaas_serve_does_not_let_others_in_unasked(
    address: str, served: Served
) -> None:
    with pytest.raises(
        ConfigurationError, match=f"^On {address} .* with --insecure-no-auth$"
    ):
        deepaas_serve("--listen-ip", address)

    assert [] == served


@pytest.mark.parametrize(
    "line",
    [
        "--listen-ip 127.0.0.2",
        "--listen-ip ::1",
        "--listen-ip localhost",
        "--listen-ip 0.0.0.0 --insecure-no-auth",
    ],
)
def test_deepaas_serve_listens_where_it_may(line: str, served: Served) -> None:
    assert 0 == deepaas_serve(*line.split())
    assert served


def test_deepaas_serve_takes_no_abbreviations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        deepaas_serve("--insecure")

    assert "unrecognized arguments: --insecure" in capsys.readouterr().err
