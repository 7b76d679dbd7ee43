"""Finding models wherever they stand among the options."""

from __future__ import annotations

import pytest

from deepaas.cli.parsers import ModelParser


@pytest.fixture
def parser() -> ModelParser:
    made = ModelParser()
    made.add_argument("models", nargs="*")
    made.add_argument("--workers", type=int)
    return made


@pytest.mark.parametrize(
    "line", ["a b --workers 2", "--workers 2 a b", "a --workers 2 b"]
)
def test_models_stand_before_and_after_options(parser: ModelParser, line: str) -> None:
    parsed = parser.parse_args(line.split())

    assert (["a", "b"], 2) == (parsed.models, parsed.workers)


def test_an_unknown_option_is_still_refused(
    parser: ModelParser, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(["a", "--wokers", "2"])

    assert "--wokers" in capsys.readouterr().err


def test_a_command_without_models_refuses_further_words() -> None:
    made = ModelParser()
    made.add_argument("folder")

    with pytest.raises(SystemExit):
        made.parse_args(["one", "two"])
