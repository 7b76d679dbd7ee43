"""Loads a model and finds out what works, in a process of its own.

`deepaas check` starts this module, because a model may crash, exit or hang while it is
loaded. Each line that goes to the pipe is JSON: first the stages as they begin, so that
the last one tells where a process died, and at the end the report.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from deepaas.cli import advice
from deepaas.cli.wording import type_text
from deepaas.errors import ModelLoadError
from deepaas.model.loading import load_model
from deepaas.model.schemas import SchemaReader
from deepaas.worker.describe import describe_operation, plain_metadata
from deepaas.worker.inline import InlineWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    from deepaas.model.loading import LoadedModel, Operation

Stage = Literal["import", "warm", "metadata"]


class ArgumentReport(msgspec.Struct, kw_only=True):
    """An argument, as callers see it."""

    name: str
    type: str
    required: bool
    description: str


class OperationReport(msgspec.Struct, kw_only=True):
    """An operation, as callers see it."""

    name: str
    summary: str
    arguments: list[ArgumentReport]
    media_types: list[str]
    is_implemented: bool
    is_streaming: bool
    max_batch_size: int


class Report(msgspec.Struct, kw_only=True):
    """What is known of a model after all was tried.

    Attributes:
        model: Its name.
        kind: `native`, `v2`, `v1`, or empty if it cannot be loaded.
        operations: What it offers.
        metadata: What it, or its distribution, says of it.
        warm_s: Seconds that `warm` took, or None if there is none.
        findings: What is wrong, or could be better.
        traceback: From the model's own code, if that failed.
    """

    model: str
    kind: str = ""
    operations: list[OperationReport] = []
    metadata: dict[str, Any] = {}
    warm_s: float | None = None
    findings: list[advice.Finding] = []
    traceback: str = ""

    @property
    def is_fit(self) -> bool:
        """Whether the model can be served."""
        return not any(one.level == "error" for one in self.findings)


def examine(
    name: str,
    *,
    references: Sequence[str],
    distribution: str,
    on_stage: Callable[[Stage], None] = lambda stage: None,
) -> Report:
    """Load a model, try what can be tried without inputs, and report.

    Args:
        name: Its name.
        references: Where it is.
        distribution: The installed distribution that offers it, or empty.
        on_stage: Told before each stage.
    """
    report = Report(model=name)
    on_stage("import")
    try:
        model = load_model(name, references=references, distribution=distribution)
    except ModelLoadError as error:
        report.findings = [advice.Finding(level="error", text=error.reason)]
        report.traceback = error.traceback
        return report
    report.kind = model.kind
    report.operations = [
        _operation_report(one, kind=model.kind) for one in model.operations.values()
    ]
    with InlineWorker(model) as worker:
        if advice.has_warm(model):
            on_stage("warm")
            _try_warm(worker, report)
        on_stage("metadata")
        _try_metadata(model, report)
    report.findings += advice.findings(model)
    return report


def _operation_report(operation: Operation, *, kind: str) -> OperationReport:
    described = describe_operation(operation, kind=kind)
    ask = SchemaReader(described.definitions)
    return OperationReport(
        name=described.name,
        summary=described.summary,
        arguments=[
            ArgumentReport(
                name=one.name,
                type=type_text(one, ask=ask),
                required=one.required,
                description=" ".join(one.description.split()),
            )
            for one in described.arguments
        ],
        media_types=list(described.media_types),
        is_implemented=described.is_implemented,
        is_streaming=described.is_streaming,
        max_batch_size=described.max_batch_size,
    )


def _try_warm(worker: InlineWorker, report: Report) -> None:
    begun = time.monotonic()
    try:
        worker.warm()
    except ModelLoadError as error:
        report.findings.append(advice.Finding(level="error", text=error.reason))
        report.traceback = error.traceback
    else:
        report.warm_s = time.monotonic() - begun


def _try_metadata(model: LoadedModel, report: Report) -> None:
    try:
        report.metadata = plain_metadata(model)
    except Exception as error:  # noqa: BLE001 - the model's own code; reported
        text = f"get_metadata failed: {type(error).__name__}: {error}"
        report.findings.append(advice.Finding(level="error", text=text))
        report.traceback = traceback.format_exc()


def main(words: Sequence[str]) -> None:
    """Examine a model; the words are a descriptor, name, distribution, references."""
    descriptor, name, distribution, *references = words
    with os.fdopen(int(descriptor), "wb", buffering=0) as pipe:
        report = examine(
            name,
            references=references,
            distribution=distribution,
            on_stage=lambda stage: _write_line(pipe, {"stage": stage}),
        )
        _write_line(pipe, report)


def _write_line(pipe: IO[bytes], value: Any) -> None:
    pipe.write(msgspec.json.encode(value) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
