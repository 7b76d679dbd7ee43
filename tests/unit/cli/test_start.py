"""What the commands that serve have in common."""

from __future__ import annotations

import argparse
import logging
import pathlib
import platform
from typing import TYPE_CHECKING

import pytest

from deepaas.cli import options, start
from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from deepaas.settings import Profile, Settings


def parse(*line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    options.add_models(parser)
    options.add_server_options(parser, command="run")
    return parser.parse_args(line)


def load(
    *line: str, home: str = "/nowhere", profile: Profile = "run", **environ: str
) -> Settings:
    return start.settings_from(
        parse(*line),
        profile=profile,
        program="deepaas-run",
        environ={"HOME": home, **environ},
    )


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["[DEFAULT]", *lines]))
    return str(path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ()),
        ("--model-name a", ("a",)),
        ("--model-name a --model-name b", ("a", "b")),
        ("c.py", ("c.py",)),
        ("--model-name a c.py d.py", ("a", "c.py", "d.py")),
        ("--config-file {file}", ("filed",)),
        ("--model-name a --config-file {file}", ("filed",)),
        ("--config-file {file} --model-name a", ("a",)),
        ("--config-file {file} c.py", ("c.py",)),
    ],
)
def test_models_add_up_but_for_those_of_files(
    line: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    file = write(tmp_path / "a.conf", "model_name = filed")

    assert expected == load(*line.format(file=file).split()).models.names


def test_a_folder_of_files_is_read_where_it_stands(tmp_path: Path) -> None:
    write(tmp_path / "a.conf", "workers = 2", "warm = no")
    settings = load("--config-dir", str(tmp_path), "--warm")

    assert (2, True) == (settings.workers.per_model, settings.models.warm)


def test_deepaas_run_reads_the_default_files_of_2x(tmp_path: Path) -> None:
    write(tmp_path / "deepaas.conf", "workers = 2")
    write(tmp_path / "deepaas-run.conf", "warm = no")
    settings = load(home=str(tmp_path))

    assert (2, False) == (settings.workers.per_model, settings.models.warm)


def test_a_user_may_have_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(pathlib.Path, "home", fail)

    assert 5000 == load(home="").server.listen_port


def test_deepaas_serve_does_not_read_them(tmp_path: Path) -> None:
    write(tmp_path / "deepaas.conf", "workers = 2")

    assert 1 == load(home=str(tmp_path), profile="serve").workers.per_model


def test_a_named_file_replaces_the_default_ones(tmp_path: Path) -> None:
    write(tmp_path / "deepaas.conf", "workers = 2")
    file = write(tmp_path / "other.conf", "warm = no")
    settings = load("--config-file", file, home=str(tmp_path))

    assert (1, False) == (settings.workers.per_model, settings.models.warm)


def test_a_wrong_option_is_named_as_it_was_written() -> None:
    with pytest.raises(ConfigurationError, match=r"^-p: workers\.per_model cannot"):
        load("-p", "many")


def test_what_has_no_effect_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    namespace = parse("--use-syslog", "--use-syslog", "--use-journal")
    with caplog.at_level(logging.WARNING, "deepaas"):
        start.log_warnings(namespace, environ={"DEEPAAS_LOG__LEVL": "debug"})

    assert [
        "--use-syslog has no effect in DEEPaaS 3 and can be left out",
        "--use-journal has no effect in DEEPaaS 3 and can be left out",
        "The environment variable DEEPAAS_LOG__LEVL is not known and has no effect; "
        "did you mean DEEPAAS_LOG__LEVEL?",
    ] == caplog.messages


def test_only_linux_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")

    with pytest.raises(ConfigurationError, match="deepaas-run needs Linux and this is"):
        start.require_linux("deepaas-run")
