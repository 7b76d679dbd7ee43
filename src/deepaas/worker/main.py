"""Starts a worker: takes the sockets over, loads the model, serves until told to stop.

The order matters. The worker first binds its life to the server's, then reads what to
load, then imports the model, describes and warms it, and only then says that it is
ready, so a prediction never meets a model that is half there.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import inspect
import os
import signal
import socket
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from deepaas import messages
from deepaas.backends.allocator import keep_freed_memory
from deepaas.errors import ModelLoadError
from deepaas.model.job import Version
from deepaas.model.loading import LoadedModel, load_model
from deepaas.progress_page import ProgressPage
from deepaas.scheduling.batching import BatchPolicy
from deepaas.worker import output
from deepaas.worker.channel import Channel
from deepaas.worker.control import Control
from deepaas.worker.describe import describe
from deepaas.worker.runner import Runner

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG: Final = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a worker.

    Args:
        arguments: The descriptors of data, control and page, and the server's pid.
    """
    data_fd, control_fd, page_fd, server_pid = map(int, arguments or sys.argv[1:])
    _die_with(server_pid)
    faulthandler.enable()
    data = Channel(socket.socket(fileno=data_fd))
    control_channel = Channel(socket.socket(fileno=control_fd))
    page = ProgressPage(page_fd)
    load = _first_record(control_channel)
    if load.runs_jobs:
        output.write_through()
    else:
        output.mark_output(is_plain=load.has_plain_output)
    try:
        model = _load(load)
        loop = _warm(model) if load.warm else None
        description = describe(model)
    except ModelLoadError as error:
        _report_and_exit(control_channel, error)
    output.finish_lines()
    gc.freeze()  # what a model has loaded stays; collections need not look at it
    keep_freed_memory()
    runner = Runner(model, load=load)
    control = Control(control_channel, runner=runner)
    parts = {"data": data, "control": control, "runner": runner, "page": page}
    run = _job_loop(**parts) if load.runs_jobs else _loop(model, loop, **parts)
    control.start()
    control_channel.send(messages.Loaded(description=description))
    run()
    _close(model)


def _die_with(server_pid: int) -> None:
    """Have the kernel end this process when the server ends, however it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before that. (In a container it may well be process 1.)
    if os.getppid() != server_pid:
        sys.exit("deepaas.worker: the server is gone")


def _first_record(channel: Channel) -> messages.Load:
    frames = channel.receive()
    if frames and isinstance(load := frames[0][0], messages.Load):
        return load
    sys.exit("deepaas.worker is started by a server only; use `deepaas serve`")


def _load(load: messages.Load) -> LoadedModel:
    folder = Path(load.version_dir) if load.version_dir else None
    return load_model(
        load.name,
        references=load.references,
        distribution=load.distribution,
        version=Version(number=load.version, folder=folder),
    )


def _warm(model: LoadedModel) -> asyncio.AbstractEventLoop | None:
    """Warm the model up; returns the event loop of an async `warm`."""
    try:
        pending = model.warm()
        if not inspect.isawaitable(pending):
            return None
        import asyncio

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_finish(pending))
    except BaseException as error:
        raise ModelLoadError(
            model.name,
            f"warm failed: {type(error).__name__}: {error}",
            traceback=traceback.format_exc(),
        ) from error
    return loop


async def _finish(pending: Any) -> None:
    await pending


def _report_and_exit(channel: Channel, error: ModelLoadError) -> NoReturn:
    output.finish_lines()
    channel.send(
        messages.LoadFailed(
            reason=error.reason, traceback=error.traceback, code=error.code
        )
    )
    sys.exit(1)


def _loop(
    model: LoadedModel, loop: asyncio.AbstractEventLoop | None, **parts: Any
) -> Callable[[], None]:
    """Return what takes the predictions of a model.

    Its module is imported here, before the worker is ready: no worker needs all three,
    and most can do without asyncio.
    """
    predict = model.operations.get("predict")
    if predict is not None and predict.batch is not None:
        from deepaas.worker.batch_loop import BatchLoop

        policy = BatchPolicy(
            max_size=predict.batch.max_size,
            max_delay_s=predict.batch.max_delay_ms / 1000,
        )
        return BatchLoop(policy=policy, **parts).run
    if predict is not None and predict.is_async:
        import asyncio

        from deepaas.worker.async_loop import AsyncLoop

        return partial(AsyncLoop(**parts).run, loop or asyncio.new_event_loop())
    from deepaas.worker.sync_loop import SyncLoop

    return SyncLoop(**parts).run


def _job_loop(**parts: Any) -> Callable[[], None]:
    """Return what runs a job; see `_loop`."""
    from deepaas.worker.job_loop import JobLoop

    return JobLoop(**parts).run


def _close(model: LoadedModel) -> None:
    try:
        model.close()
    except BaseException:  # noqa: BLE001 - the process ends; its log tells why
        traceback.print_exc()
    output.finish_lines()
