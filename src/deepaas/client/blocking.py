"""The client for scripts and notebooks: its calls wait.

The requests are made by an event loop in a thread of its own, because a notebook has a
loop that runs already.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import queue
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from deepaas.client.aio import AsyncClient, AsyncRemoteJob

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Iterable,
        Mapping,
    )
    from pathlib import Path

    from deepaas.client.event_source import JobEvent

T = TypeVar("T")

_MOST_AHEAD: Final = 1000
_PAUSE_S: Final = 0.02
_LOOK_EVERY_S: Final = 0.2


class LoopThread:
    """An event loop in a thread.

    It ends by itself when nobody refers to it any more, or with the program: in a
    notebook hardly anybody closes what a cell has opened.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=_serve, args=(self._loop,), name="deepaas", daemon=True
        )
        self._process = os.getpid()
        self._last: list[Callable[[], Awaitable[object]]] = []
        self._thread.start()
        forgotten = weakref.finalize(
            self, _end_later, self._loop, self._last, self._process
        )
        forgotten.atexit = False  # `_close_all` waits for the end, too
        _open_loops.add(self)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine; its outcome can be waited for."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result."""
        future = self.submit(coroutine)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the thread of the loop."""

        async def inside() -> None:
            function()

        self.run(inside())

    def before_end(self, finish: Callable[[], Awaitable[object]]) -> None:
        """Have something done on the loop before it ends; it must not refer to us."""
        self._last.append(finish)

    def close(self) -> None:
        """End the thread; returns when it is gone."""
        # After a fork the thread is in the other process only.
        if self._loop.is_closed() or self._process != os.getpid():
            return
        _end_later(self._loop, self._last, self._process)
        self._thread.join()


_open_loops: weakref.WeakSet[LoopThread] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for one in list(_open_loops):
        one.close()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def _end_later(
    loop: asyncio.AbstractEventLoop,
    last: Iterable[Callable[[], Awaitable[object]]],
    process: int,
) -> None:
    """Have a loop end; does not wait, since the garbage collector calls it anywhere."""
    if loop.is_closed() or process != os.getpid():
        return

    async def finish() -> None:
        try:
            for one in last:
                await one()
            await _end_others()
        finally:
            loop.stop()

    loop.call_soon_threadsafe(lambda: loop.create_task(finish()))


async def _end_others() -> None:
    """Cancel whatever else runs on the loop, and wait for its end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class Steps(Generic[T]):
    """An asynchronous iterator, stepped through from another thread.

    Ctrl-C interrupts the waiting and not the iterator: the next step goes on waiting.
    """

    def __init__(self, loop: LoopThread, iterator: AsyncIterator[T]) -> None:
        self._loop = loop  # it ends when nobody has it
        self._queue: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._pump = loop.submit(self._fetch(iterator))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        while True:
            try:
                value = self._queue.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                value = None
            if value is not None:
                return value
            if self._pump.done() and self._queue.empty():
                self._pump.result()  # what it has raised
                raise StopIteration

    async def _fetch(self, iterator: AsyncIterator[T]) -> None:
        try:
            async for value in iterator:
                self._queue.put(value)
                while self._queue.qsize() >= _MOST_AHEAD:  # noqa: ASYNC110 - emptied by another thread
                    await asyncio.sleep(_PAUSE_S)
        finally:
            self._queue.put(None)


class Client:
    """A server.

        client = deepaas.Client("http://127.0.0.1:5000")
        client.predict("plants", photo="rose.jpg")

    Its methods raise the errors of `deepaas.errors`. It closes itself when it is not
    used any more; `close`, or `with`, does so at once.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Remember the address; nothing is sent yet.

        Args:
            url: The server's address, with its base path.
            headers: To send with each request, such as `Authorization`.

        Raises:
            ConfigurationError: It is no address.
        """
        self.aio = AsyncClient(url, headers=headers)
        self.loop = LoopThread()
        self.loop.before_end(self.aio.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    @property
    def url(self) -> str:
        """The server's address."""
        return self.aio.url

    def close(self) -> None:
        """Close the connections; jobs go on."""
        self.loop.close()

    def models(self) -> list[dict[str, Any]]:
        """Return what the server says of its models."""
        return self.loop.run(self.aio.models())

    def predict(self, model: str, /, **inputs: Any) -> Any:
        """Make a prediction and return its result.

        Args:
            model: The model's name.
            inputs: Its arguments. A file may be a path, bytes, an open file or a
                `deepaas.File`. `version` is the number of the version that shall
                answer, unless the model has an argument of this name.

        Returns:
            JSON as Python's own values, text as text, anything else as bytes.
        """
        return self.loop.run(self.aio.predict(model, **inputs))

    def train(self, model: str, /, **inputs: Any) -> RemoteJob:
        """Start a training.

        Args:
            model: The model's name.
            inputs: Its arguments, see `predict`. `version` is the number of the version
                to start from, unless the model has an argument of this name; without
                it, the training starts from the version that answers.
        """
        return RemoteJob(self.loop, self.loop.run(self.aio.train(model, **inputs)))

    def validate(self, model: str, /, **inputs: Any) -> RemoteJob:
        """Start a validation; `version` is the one to validate, see `train`."""
        return RemoteJob(self.loop, self.loop.run(self.aio.validate(model, **inputs)))

    def submit(
        self,
        model: str,
        operation: str = "predict",
        inputs: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> RemoteJob:
        """Submit a job; it is on the server's disk when this returns.

        Args:
            model: The model's name.
            operation: `predict`, `train` or `validate`.
            inputs: Its arguments, see `predict`.
            version: The version of the model to run against; the active one if None.
        """
        job = self.aio.submit(model, operation, inputs, version=version)
        return RemoteJob(self.loop, self.loop.run(job))

    def job(self, job_id: str) -> RemoteJob:
        """Return a job by its id."""
        return RemoteJob(self.loop, self.loop.run(self.aio.job(job_id)))

    def jobs(
        self,
        *,
        model: str = "",
        operation: str = "",
        status: str = "",
        limit: int = 100,
    ) -> list[RemoteJob]:
        """Return jobs, the newest first; see `AsyncClient.jobs`."""
        found = self.aio.jobs(
            model=model, operation=operation, status=status, limit=limit
        )
        return [RemoteJob(self.loop, one) for one in self.loop.run(found)]

    def versions(self, model: str) -> dict[str, Any]:
        """Return the versions of a model, and which one answers."""
        return self.loop.run(self.aio.versions(model))

    def activate(self, model: str, version: int) -> dict[str, Any]:
        """Let a version answer predictions; 0 is the model as installed."""
        return self.loop.run(self.aio.activate(model, version))

    def delete_version(self, model: str, version: int) -> None:
        """Remove a version with its files; not the one that answers."""
        self.loop.run(self.aio.delete_version(model, version))


class RemoteJob:
    """A job at a server."""

    def __init__(self, loop: LoopThread, job: AsyncRemoteJob) -> None:
        self.aio = job
        self._loop = loop

    def __repr__(self) -> str:
        return repr(self.aio)

    @property
    def id(self) -> str:
        """The job's id."""
        return self.aio.id

    @property
    def document(self) -> dict[str, Any]:
        """What the server said of the job last (the statusInfo of OGC)."""
        return self.aio.document

    @property
    def status(self) -> str:
        """The job's status, as of now."""
        return self._loop.run(self.aio.status())

    def refresh(self) -> dict[str, Any]:
        """Ask the server how the job is, and return its document."""
        return self._loop.run(self.aio.refresh())

    def wait(
        self,
        *,
        timeout: float | None = None,
        progress: bool = False,
        log: bool = False,
    ) -> str:
        """Wait until the job is over, also through a restart of the server.

        An interrupt (Ctrl-C, or the notebook's button) ends the waiting and not the
        job; so does the time limit.

        Args:
            timeout: Longest time to wait, in seconds; None waits for ever.
            progress: Show a progress bar on standard error.
            log: Show what the job prints there.

        Returns:
            `successful`, `failed` or `dismissed`.

        Raises:
            TimeoutError: The job is not over in time, and goes on.
        """
        waiting = self.aio.wait(timeout=timeout, progress=progress, log=log)
        return self._loop.run(waiting)

    def events(self) -> Steps[JobEvent]:
        """Iterate over what happens to the job, from its beginning to its end."""
        return Steps(self._loop, self.aio.events())

    def log(self) -> str:
        """Return what the job has printed."""
        return self._loop.run(self.aio.log())

    def log_pieces(self) -> Steps[bytes]:
        """Iterate over what the job has printed, in pieces; for a log that is large."""
        return Steps(self._loop, self.aio.log_pieces())

    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """Return the values that the job has logged: for each name its points."""
        return self._loop.run(self.aio.metrics())

    def metrics_csv(self) -> str:
        """Return the values that the job has logged as a table."""
        return self._loop.run(self.aio.metrics_csv())

    def artifacts(self) -> list[dict[str, Any]]:
        """Return the files that the job has made: path, size, type and digest."""
        return self._loop.run(self.aio.artifacts())

    def download(self, path: str, target: str | os.PathLike[str]) -> Path:
        """Save a file that the job has made; whole, or not at all.

        Args:
            path: Its path among the artifacts.
            target: Where to save it: a file, or a folder that exists.
        """
        return self._loop.run(self.aio.download(path, target))

    def result(self) -> Any:
        """Wait for the job's result and return it, see `Client.predict`.

        Raises:
            DeepaasError: What the job failed with, or it was dismissed.
        """
        return self._loop.run(self.aio.result())

    def cancel(self) -> str:
        """Cancel the job if it is not over; a result is never removed.

        Returns:
            The status; `dismissed`, unless it was over already.
        """
        return self._loop.run(self.aio.cancel())

    def delete(self) -> None:
        """Remove a job that is over from sight; cancel one that is not."""
        self._loop.run(self.aio.delete())
