"""`deepaas`: which commands there are, and what each needs to start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deepaas.cli.main import main


@pytest.mark.parametrize("command", ["serve", "predict", "models", "check", "new"])
def test_help_names_the_commands_and_each_has_help_of_its_own(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert f"    {command} " in capsys.readouterr().out

    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert f"usage: deepaas {command}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["nonsense"], ["predict"], ["--nonsense"]])
def test_wrong_words_are_exit_code_2(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)


def test_the_version_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])

    assert "3.0.0\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    "module",
    ["deepaas.cli.main", "deepaas.cli.predict", "deepaas.cli.local", "deepaas.cli.v2"],
)
def test_a_command_imports_nothing_that_it_does_not_need(module: str) -> None:
    heavy = ("fastapi", "uvicorn", "marshmallow", "aiohttp", "numpy")
    script = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "[]\n" == done.stdout


def test_a_server_starts_without_what_only_some_requests_need() -> None:
    unneeded = (
        *("aiohttp", "alembic", "marshmallow", "webargs", "numpy", "PIL"),
        *("fastapi_swagger", "jinja2", "httpx2", "pydantic_settings"),
        *("deepaas.client", "deepaas.model.signature", "deepaas.worker.main"),
    )
    parts = "deepaas.cli.serve, deepaas.app, deepaas.backends.stores.sqlite"
    script = f"import sys, {parts}; print([m for m in {unneeded} if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "[]\n" == done.stdout
