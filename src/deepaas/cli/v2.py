"""`deepaas-cli`: a model's methods as commands, as in DEEPaaS 2.x.

Scripts in many places parse what this program writes, so its lines keep their shape: a
result stands alone behind `return: `, metadata and trainings as JSON, predictions as
Python writes them. What 2.6 got wrong and nobody can have wanted is put right: see
`docs/how-to/move-from-deepaas-2.md`.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import logging
import multiprocessing
import os
import sys
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from deepaas.cli import arguments, options, reports, start, v2_output
from deepaas.cli.signals import Terminated, sigterm_raises
from deepaas.cli.stdio import model_output_to_stderr
from deepaas.errors import DeepaasError, ModelLoadError, OperationNotImplementedError
from deepaas.model.arguments import Upload
from deepaas.model.discovery import GROUPS, find_models, installed_models

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepaas.messages import OperationDescription
    from deepaas.model.discovery import ModelReference
    from deepaas.settings import LogSettings, Settings
    from deepaas.worker.inline import InlineWorker
    from deepaas.worker.runner import Call

PROGRAM: Final = "deepaas-cli"

_TRUE_WORDS: Final = ("yes", "true", "t", "1")

_EPILOG: Final = """\
methods:
  get_metadata    show what the model says of itself; without a method, this one
  warm            prepare the model
  predict         make a prediction
  train           train the model, in this process

"deepaas-cli predict --help" shows the arguments of the model's predict, likewise for
train. Options of this program stand before the method.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    namespace = _parser().parse_args(argv)
    try:
        with sigterm_raises():
            return _run(namespace)
    except DeepaasError as error:
        return reports.report(error, program=PROGRAM)
    except Terminated:
        return reports.EXIT_TERMINATED
    except KeyboardInterrupt:
        return reports.EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [options] [METHOD] [--ARGUMENT VALUE ...]",
        description="Call the methods of a model, as in DEEPaaS 2.x.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # else `--conf`, which models have, would be ambiguous
    )
    options.add_version(parser)
    parser.add_argument(
        "--deepaas_method_output",
        metavar="FILE",
        default="",
        help="write the result to a file",
    )
    parser.add_argument(
        "--deepaas_with_multiprocessing",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="have the model's own processes started by `spawn`",
    )
    parser.add_argument(
        "--nodeepaas_with_multiprocessing",
        dest="deepaas_with_multiprocessing",
        action="store_false",
        help=argparse.SUPPRESS,
    )
    options.add_server_options(parser, command="cli")
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _run(namespace: argparse.Namespace) -> int:
    method, *words = namespace.words or [""]
    if method not in _METHODS:
        _parser().error(f"there is no method {method!r}; there are: {_names()}")
    settings = start.settings_from(namespace, profile="run", program=PROGRAM)
    _configure_logging(settings.log)
    start.log_warnings(namespace)
    if namespace.deepaas_with_multiprocessing:
        multiprocessing.set_start_method("spawn", force=True)
    with _load(settings) as worker:
        return _METHODS[method](
            _Command(
                method=method,
                words=words,
                worker=worker,
                warms=settings.models.warm,
                output=namespace.deepaas_method_output,
            )
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """What was asked for.

    Attributes:
        method: The name of the method.
        words: What stands behind it.
        worker: Has the model.
        warms: Whether `warm` comes before `predict` and `train`.
        output: The file for the result, or empty.
    """

    method: str
    words: Sequence[str]
    worker: InlineWorker
    warms: bool
    output: str


# ----------------------------------------------------------------------- methods


def _get_metadata(command: _Command) -> int:
    _refuse_words(command)
    text = v2_output.json_text(command.worker.model.metadata())
    if command.output:
        v2_output.save(command.output, text.encode())
    _say(f"return: {text}")
    return reports.EXIT_OK


def _get_metadata_unasked(command: _Command) -> int:
    _say("No Method was requested! Return get_metadata()", level="WARNING")
    return _get_metadata(command)


def _warm(command: _Command) -> int:
    _refuse_words(command)
    command.worker.warm()
    _say("return: Finished warm() method")
    return reports.EXIT_OK


def _predict(command: _Command) -> int:
    call = _bind(command)
    result = _call(command, call)
    if not command.output:
        _say(f"return: {v2_output.python_text(result)}")
        return reports.EXIT_OK
    saved = v2_output.save_prediction(
        command.output, result, call=call, worker=command.worker
    )
    if saved != command.output:
        _say(
            f"The result is not of the type that {command.output} says!\n"
            f"===================> New output is {saved}",
            level="WARNING",
        )
    _say(f"return: Output is saved in {saved}")
    return reports.EXIT_OK


def _train(command: _Command) -> int:
    call = _bind(command)
    # Local times without an offset: what 2.x wrote, and scripts read.
    begun = datetime.now()  # noqa: DTZ005
    output = _call(command, call)
    ended = datetime.now()  # noqa: DTZ005
    text = v2_output.json_text(
        {
            "date": str(begun),
            "args": call.arguments,
            "status": "done",
            "uuid": uuid.uuid4().hex,
            "result": {
                "finish_date": str(ended),
                "duration": str(ended - begun),
                "output": output,
            },
        }
    )
    _say(f"Elapsed time:  {ended - begun}")
    if command.output:
        v2_output.save(command.output, text.encode())
        _say(f"return: Output is saved in {command.output}")
    else:
        _say(f"return: {text}")
    return reports.EXIT_OK


_METHODS: Final[dict[str, Callable[[_Command], int]]] = {
    "": _get_metadata_unasked,
    "get_metadata": _get_metadata,
    "warm": _warm,
    "predict": _predict,
    "train": _train,
}


def _names() -> str:
    return ", ".join(filter(None, _METHODS))


def _refuse_words(command: _Command) -> None:
    if command.words:
        _parser().error(f"{command.method} takes no arguments: {command.words[0]}")


# --------------------------------------------------------------------- the model


def _load(settings: Settings) -> InlineWorker:
    """Import the model.

    Raises:
        ModelLoadError: It cannot be imported, or nobody can tell which one is meant.
    """
    # Imported here, so that `--version` and `--help` are answered at once.
    from deepaas.model.loading import load_model
    from deepaas.worker.inline import InlineWorker

    found = _find(settings.models.names)
    model = load_model(
        found.name, references=found.references, distribution=found.distribution
    )
    return InlineWorker(model)


def _find(names: Sequence[str]) -> ModelReference:
    models = find_models(names) if names else list(installed_models().values())
    if len(models) == 1:
        return models[0]
    there = ", ".join(model.name for model in models)
    if there:
        raise ModelLoadError(
            there,
            "there are several; choose one with --model-name or the variable "
            "DEEPAAS_V2_MODEL.",
        )
    raise ModelLoadError(
        "(none)", f"no installed package has an entry point in {' or '.join(GROUPS)}."
    )


def _bind(command: _Command) -> Call:
    """Return the call that the words ask for."""
    # Imported here, as in `_load`.
    from deepaas.worker.describe import describe_operation

    model = command.worker.model
    found = model.operations.get(command.method)
    if found is None:
        raise OperationNotImplementedError(model.name, command.method)
    operation = describe_operation(found, kind=model.kind)
    parser = arguments.make_parser(operation, program=f"{PROGRAM} {command.method}")
    inputs = arguments.read_inputs(
        operation, command.words, parser=parser, parse=_parse_literal
    )
    inputs.form = [
        (name, _as_in_2x(name, value, operation)) for name, value in inputs.form
    ]
    return command.worker.bind(command.method, inputs)


def _as_in_2x(
    name: str, value: str | Upload, operation: OperationDescription
) -> str | Upload:
    """Return a value as 2.x read it: files keep their path, flags are words."""
    if isinstance(value, Upload):
        return dataclasses.replace(value, filename=value.path)
    kind = next(
        one.schema.get("type") for one in operation.arguments if one.name == name
    )
    if kind == "boolean":
        return "true" if value.lower() in _TRUE_WORDS else "false"
    return value


def _parse_literal(text: str) -> Any:
    """Return what a literal of Python or JSON says; the text itself if it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return arguments.parse_json(text)


def _call(command: _Command, call: Call) -> Any:
    _say(f"{command.method} was called.")
    if command.warms:
        with model_output_to_stderr():  # 2.x called no `warm`, so scripts expect none
            command.worker.warm()
    result = command.worker.run(call)
    if call.operation.codec.is_streaming:
        return list(command.worker.pieces(result))
    return result


# ------------------------------------------------------------------------- lines


def _configure_logging(settings: LogSettings) -> None:
    """Send what the model logs to standard error, or to the file."""
    logging.basicConfig(
        level=settings.level.upper(),
        format=(
            "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] %(message)s"
        ),
        datefmt="%Y-%m-%d %H:%M:%S",
        filename=settings.path,
    )


def _say(text: str, *, level: str = "INFO") -> None:
    """Write a line as 2.x logged it, whatever is set for the log: it is the result."""
    now = datetime.now().isoformat(" ", "milliseconds")  # noqa: DTZ005 - as 2.x did
    print(f"{now} {os.getpid()} {level} deepaas.cmd.cli [-] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
