"""What went wrong, for the person at the terminal: one line, and what it is about.

An exit code says whose turn it is. The page `docs/reference/cli.md` explains them.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Final

from deepaas import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
"""The model or the job failed, cannot be loaded, or does not exist."""
EXIT_MISUSED: Final = 2
"""An option or an input is wrong; what argparse says, too."""
EXIT_UNAVAILABLE: Final = 3
"""The server cannot be reached, or cannot answer now: try again later."""
EXIT_INTERRUPTED: Final = 130
"""Ctrl-C: what shells say of a program that SIGINT ended."""

EXIT_TERMINATED: Final = 143
"""SIGTERM, as shells say it; a job that ran here had a moment to save its work."""

_DO_NOT_EXIST: Final = (
    errors.ModelNotFoundError,
    errors.VersionNotFoundError,
    errors.ProcessNotFoundError,
    errors.JobNotFoundError,
    errors.JobRemovedError,
    errors.ArtifactNotFoundError,
    errors.OutputNotFoundError,
)

EXIT_CODES: Final = """\
exit codes:
  0  done
  1  the model failed, cannot be loaded, or does not exist; or a version, or a job
  2  an option or an input is wrong
  3  the server cannot be reached, or cannot answer now
"""
"""For the end of a command's help."""

JOB_EXIT_CODES: Final = """\
exit codes:
  0    the job was successful (with --detach: it was accepted)
  1    the job failed, or the model or its version cannot be loaded or does not exist
  2    an option or an input is wrong
  3    the server cannot be reached, or cannot answer now
  130  the job was dismissed, or left running by Ctrl-C
  143  SIGTERM ended the command
"""
"""The same for commands that wait for a job."""


def report(error: errors.DeepaasError, *, program: str = "deepaas") -> int:
    """Print what went wrong on standard error, and return the exit code.

    The traceback of a model's own exception comes before that: its author needs it.
    """
    if trace := _models_traceback(error):
        print(trace.rstrip(), file=sys.stderr)
    print(f"{program}: error: {_one_line(error.detail)}", file=sys.stderr)
    if isinstance(error, errors.InvalidInputError):
        for line in _field_lines(error.errors):
            print(line, file=sys.stderr)
    return exit_code(error)


def exit_code(error: errors.DeepaasError) -> int:
    """Return the exit code for an error."""
    if isinstance(error, (*_DO_NOT_EXIST, errors.WorkerDiedError)):
        return EXIT_FAILED
    if isinstance(error, errors.JobDismissedError):
        return EXIT_INTERRUPTED
    if isinstance(error, errors.ResultNotReadyError):
        return EXIT_UNAVAILABLE
    if isinstance(error, errors.RequestError | errors.ConfigurationError):
        return EXIT_MISUSED
    if isinstance(error, errors.UnavailableError):
        return EXIT_UNAVAILABLE
    return EXIT_FAILED


def _models_traceback(error: errors.DeepaasError) -> str:
    if isinstance(error.__cause__, NotImplementedError):
        return "".join(traceback.format_exception(error.__cause__))
    return str(getattr(error, "traceback", ""))


def _field_lines(found: tuple[errors.FieldError, ...]) -> Iterator[str]:
    for one in found:
        detail = _one_line(one.detail)
        yield f"  {option_of(one.pointer)}: {detail}" if one.pointer else f"  {detail}"


def option_of(pointer: str) -> str:
    """Return a JSON Pointer as the option that it leads to, and the place within."""
    name, *place = (
        step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]
    )
    return f"--{name}" + "".join(f"[{step}]" for step in place)


def _one_line(text: str) -> str:
    return " ".join(text.split())
