"""What the person at the terminal is told, and the exit code."""

from __future__ import annotations

import pytest

from deepaas import errors
from deepaas.cli.reports import exit_code, option_of, report


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.InvalidInputError(), 2),
        (errors.MalformedBodyError("no JSON"), 2),
        (errors.NotAcceptableError("image/png", available=("text/plain",)), 2),
        (errors.ConfigurationError("no port"), 2),
        (errors.ModelNotFoundError("x"), 1),
        (errors.VersionNotFoundError("x", 9), 1),
        (errors.JobNotFoundError("x"), 1),
        (errors.JobRemovedError("x"), 1),
        (errors.ArtifactNotFoundError("x", "y"), 1),
        (errors.JobDismissedError("x"), 130),
        (errors.ResultNotReadyError("x", state="running"), 3),
        (errors.ModelLoadError("x", "no"), 1),
        (errors.ModelError("boom"), 1),
        (errors.ModelHttpError("boom", status=400), 1),
        (errors.OperationNotImplementedError("x", "predict"), 1),
        (errors.WorkerDiedError("dead"), 1),
        (errors.QueueFullError("x", retry_after_s=1), 3),
        (errors.DeadlineError("late"), 3),
        (errors.UnavailableError("gone"), 3),
    ],
)
def test_the_exit_code_says_whose_turn_it_is(
    error: errors.DeepaasError, expected: int
) -> None:
    assert expected == exit_code(error)


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == report(errors.ModelHttpError("two\nlines", status=400))

    assert "deepaas: error: two lines\n" == capsys.readouterr().err


def test_wrong_arguments_are_listed_below(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.InvalidInputError(
        errors=(
            errors.FieldError(pointer="/top_k", detail="Too\nsmall."),
            errors.FieldError(pointer="/places/0/x", detail="Required."),
            errors.FieldError(pointer="", detail="All wrong."),
        )
    )

    assert 2 == report(error, program="deepaas-cli")

    assert capsys.readouterr().err.splitlines() == [
        "deepaas-cli: error: The inputs are not valid.",
        "  --top_k: Too small.",
        "  --places[0][x]: Required.",
        "  All wrong.",
    ]


def test_a_models_traceback_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    report(errors.ModelError("boom", traceback="Traceback: here\n"))

    assert ["Traceback: here", "deepaas: error: boom"] == (
        capsys.readouterr().err.splitlines()
    )


def test_what_a_model_has_not_implemented_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = errors.OperationNotImplementedError("x", "predict")
    error.__cause__ = NotImplementedError("not in this version")

    report(error)

    assert "not in this version" in capsys.readouterr().err


def test_a_pointer_is_shown_as_an_option() -> None:
    assert "--a/b[~]" == option_of("/a~1b/~0")
