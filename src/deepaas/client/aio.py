"""The client for programs that have an event loop."""

from __future__ import annotations

import asyncio
import json
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

from deepaas import errors
from deepaas.client import openapi_reader
from deepaas.client.event_source import follow
from deepaas.client.progress import ProgressBar, show_event
from deepaas.client.remote_errors import error_of_answer, make_error
from deepaas.client.sending import execution_of, inputs_of, open_body, query_of
from deepaas.client.session import NETWORK_ERRORS, Session, unreachable
from deepaas.jobs.states import FINAL
from deepaas.model.interface import OPERATIONS

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Mapping

    import aiohttp

    from deepaas.client.event_source import JobEvent
    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Inputs

_MOST_TRIES: Final = 100
_SENT_TRIES: Final = 3
_WAIT_S: Final = 30
_PAGE_SIZE: Final = 1000


class AsyncClient:
    """A server, for programs that have an event loop.

        async with deepaas.AsyncClient("http://127.0.0.1:5000") as client:
            job = await client.train("plants", epochs=20)
            await job.wait()

    Its methods raise the errors of `deepaas.errors`.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Remember the address; nothing is sent yet.

        Args:
            url: The server's address, with its base path.
            headers: To send with each request, such as `Authorization`.

        Raises:
            ConfigurationError: It is no address.
        """
        self.session = Session(url, headers=headers)
        self._described: dict[tuple[str, str], OperationDescription] = {}

    @property
    def url(self) -> str:
        """The server's address."""
        return self.session.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; jobs go on."""
        await self.session.close()

    async def models(self) -> list[dict[str, Any]]:
        """Return what the server says of its models."""
        document = await self.session.ask_json("GET", "/v2/models/")
        return list(document["models"])

    async def predict(self, model: str, /, **inputs: Any) -> Any:
        """Make a prediction and return its result.

        Args:
            model: The model's name.
            inputs: Its arguments. A file may be a path, bytes, an open file or a
                `deepaas.File`. `version` is the number of the version that shall
                answer, unless the model has an argument of this name.

        Returns:
            JSON as Python's own values, text as text, anything else as bytes.
        """
        described = await self.describe(model, "predict")
        version = _take_version(inputs, operation=described)
        path = f"/v2/models/{quote(model, safe='')}/"
        if version is not None:
            path += f"versions/{version}/"
        response = await self.send(
            f"{path}predict/", inputs_of(inputs, operation=described)
        )
        return decoded(response, await self.session.read(response))

    async def train(self, model: str, /, **inputs: Any) -> AsyncRemoteJob:
        """Start a training.

        Args:
            model: The model's name.
            inputs: Its arguments, see `predict`. `version` is the number of the version
                to start from, unless the model has an argument of this name; without
                it, the training starts from the version that answers.
        """
        return await self._begin(model, "train", inputs)

    async def validate(self, model: str, /, **inputs: Any) -> AsyncRemoteJob:
        """Start a validation; `version` is the one to validate, see `train`."""
        return await self._begin(model, "validate", inputs)

    async def _begin(
        self, model: str, operation: str, inputs: dict[str, Any]
    ) -> AsyncRemoteJob:
        described = await self.describe(model, operation)
        version = _take_version(inputs, operation=described)
        return await self.submit(model, operation, inputs, version=version)

    async def submit(
        self,
        model: str,
        operation: str = "predict",
        inputs: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> AsyncRemoteJob:
        """Submit a job; it is on the server's disk when this returns.

        Args:
            model: The model's name.
            operation: `predict`, `train` or `validate`.
            inputs: Its arguments, see `predict`.
            version: The version of the model to run against; the active one if None.
        """
        described = await self.describe(model, operation)
        found = inputs_of(inputs or {}, operation=described)
        return await self.submit_inputs(
            model, found, operation=described, version=version
        )

    async def submit_inputs(
        self,
        model: str,
        inputs: Inputs,
        *,
        operation: OperationDescription,
        version: int | None = None,
    ) -> AsyncRemoteJob:
        """Submit a job whose arguments stand where a request carries them."""
        # With a key of its own the request can be sent again when its answer is lost.
        headers = {"prefer": "respond-async", "idempotency-key": f'"{uuid.uuid4()}"'}
        name = quote(model, safe="")
        if version is None:
            path = f"/v2/models/{name}/{operation.name}/"
            response = await self._send_surely(path, inputs, headers=headers)
        else:
            response, _ = await self.session.ask(
                "POST",
                f"/processes/{name}.{operation.name}/execution",
                params={"version": str(version)},
                headers=headers,
                json=execution_of(inputs, operation=operation),
            )
        document = json.loads(await self.session.read(response))
        return AsyncRemoteJob(self.session, document["id"], document=document)

    async def job(self, job_id: str) -> AsyncRemoteJob:
        """Return a job by its id."""
        job = AsyncRemoteJob(self.session, job_id)
        await job.refresh()
        return job

    async def jobs(
        self,
        *,
        model: str = "",
        operation: str = "",
        status: str = "",
        limit: int = 100,
    ) -> list[AsyncRemoteJob]:
        """Return jobs, the newest first.

        Args:
            model: Of this model only.
            operation: `predict`, `train` or `validate` of the model only.
            status: Of this status only.
            limit: Most jobs; they are fetched in as many pages as it takes.

        Raises:
            InvalidInputError: There is an operation without a model.
        """
        if operation and not model:
            raise errors.InvalidInputError("operation needs model")
        query = [("limit", str(max(1, min(limit, _PAGE_SIZE))))]
        if model:
            operations = (operation,) if operation else OPERATIONS
            query += [("processID", f"{model}.{one}") for one in operations]
        if status:
            query.append(("status", status))
        found: list[dict[str, Any]] = []
        following = urlencode(query)
        while following and len(found) < limit:
            document = await self.session.ask_json("GET", f"/jobs?{following}")
            found += document["jobs"]
            following = _next_query(document)
        return [
            AsyncRemoteJob(self.session, one["id"], document=one)
            for one in found[:limit]
        ]

    async def versions(self, model: str) -> dict[str, Any]:
        """Return the versions of a model, and which one answers."""
        path = f"/models/{quote(model, safe='')}/versions"
        return dict(await self.session.ask_json("GET", path))

    async def activate(self, model: str, version: int) -> dict[str, Any]:
        """Let a version answer predictions; 0 is the model as installed."""
        path = f"/models/{quote(model, safe='')}/versions/{version}/activate"
        return dict(await self.session.ask_json("POST", path))

    async def delete_version(self, model: str, version: int) -> None:
        """Remove a version with its files; not the one that answers."""
        path = f"/models/{quote(model, safe='')}/versions/{version}"
        await self.session.ask("DELETE", path)

    async def describe(self, model: str, operation: str) -> OperationDescription:
        """Return what an operation takes; the server is asked once.

        Raises:
            ModelNotFoundError: The server has no such model.
            OperationNotImplementedError: The model has no such operation.
        """
        key = (model, operation)
        if key not in self._described:
            self._described[key] = await self._describe(model, operation)
        return self._described[key]

    async def send(
        self, path: str, inputs: Inputs, *, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        """Send a request for an operation and return the head of its answer.

        Raises:
            DeepaasError: What the server tells of, or it cannot be reached.
        """
        with open_body(inputs) as body:
            response = await self.session.open(
                "POST",
                path,
                params=query_of(inputs),
                headers={**inputs.headers, **(headers or {})},
                cookies=dict(inputs.cookies),
                **body,
            )
        if response.status >= 400:
            content = await self.session.read(response)
            raise error_of_answer(response.status, content)
        return response

    async def _send_surely(
        self, path: str, inputs: Inputs, *, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """Send a request that has a key; again, when the connection broke meanwhile."""
        for _ in range(_SENT_TRIES - 1):
            try:
                return await self.send(path, inputs, headers=headers)
            except errors.UnavailableError as error:
                if not isinstance(error.__cause__, ConnectionResetError | OSError):
                    raise
                await asyncio.sleep(1)
        return await self.send(path, inputs, headers=headers)

    async def _describe(self, model: str, operation: str) -> OperationDescription:
        document = await self.session.ask_json("GET", "/openapi.json")
        found = openapi_reader.read_operation(document, model, operation)
        if found is not None:
            return found
        try:
            process = quote(f"{model}.{operation}", safe="")
            described = await self.session.ask_json("GET", f"/processes/{process}")
        except errors.ProcessNotFoundError:
            names = openapi_reader.model_names(document)
            if model in names:
                raise errors.OperationNotImplementedError(model, operation) from None
            there = f"there are: {', '.join(names)}" if names else "there is none"
            raise make_error(
                errors.ModelNotFoundError,
                f"No model {model!r} is served at {self.url}; {there}.",
            ) from None
        return openapi_reader.read_process(described, operation)


class AsyncRemoteJob:
    """A job at a server.

    Attributes:
        id: The job's id.
        document: What the server said of it last (the statusInfo of OGC).
    """

    def __init__(
        self, session: Session, job_id: str, *, document: dict[str, Any] | None = None
    ) -> None:
        self.id = job_id
        self.document: dict[str, Any] = document or {}
        self._session = session
        self._path = f"/jobs/{quote(job_id, safe='')}"

    def __repr__(self) -> str:
        what = self.document.get("processID", "job")
        return f"<{what} {self.id}: {self.document.get('status', 'unknown')}>"

    @property
    def is_final(self) -> bool:
        """Whether the job was over when the server was asked last."""
        return self.document.get("status") in FINAL

    async def refresh(self) -> dict[str, Any]:
        """Ask the server how the job is, and return its document."""
        self.document = await self._session.ask_json("GET", self._path)
        return self.document

    async def status(self) -> str:
        """Return the job's status, as of now."""
        if not self.is_final:
            await self.refresh()
        return str(self.document["status"])

    async def wait(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the name that callers know
        progress: bool = False,
        log: bool = False,
    ) -> str:
        """Wait until the job is over, also through a restart of the server.

        Args:
            timeout: Longest time to wait, in seconds; None waits for ever.
            progress: Show a progress bar on standard error.
            log: Show what the job prints there.

        Returns:
            `successful`, `failed` or `dismissed`.

        Raises:
            TimeoutError: The job is not over in time, and goes on.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._wait(progress=progress, log=log)
        except TimeoutError:
            if timeout is None:
                raise
            raise TimeoutError(
                f"Job {self.id} is not over after {timeout:g} s. It goes on; wait "
                "again, or cancel it."
            ) from None

    async def _wait(self, *, progress: bool, log: bool) -> str:
        if progress or log:
            label = str(self.document.get("processID", "job"))
            with ProgressBar(label, is_shown=None if progress else False) as bar:
                async for event in self.events():
                    show_event(event, bar, with_log=log)
        while not self.is_final:
            await self._wait_a_while()
        return str(self.document["status"])

    async def _wait_a_while(self) -> None:
        try:
            self.document = await self._session.ask_json(
                "GET", self._path, headers={"prefer": f"wait={_WAIT_S}"}
            )
        except errors.UnavailableError:
            await asyncio.sleep(2)
            await self.refresh()

    async def events(self) -> AsyncIterator[JobEvent]:
        """Yield what happens to the job, from its beginning to its end."""
        async for event in follow(self._session, f"{self._path}/events"):
            yield event

    async def log(self) -> str:
        """Return what the job has printed."""
        _, body = await self._session.ask("GET", f"{self._path}/log")
        return body.decode("utf-8", "replace")

    async def log_pieces(self) -> AsyncIterator[bytes]:
        """Yield what the job has printed, in pieces; for a log that is large."""
        response = await self._session.open("GET", f"{self._path}/log")
        if response.status >= 400:
            content = await self._session.read(response)
            raise error_of_answer(response.status, content)
        try:
            async for piece in response.content.iter_any():
                yield piece
        except NETWORK_ERRORS as error:
            raise unreachable(self._session.url, error) from error

    async def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """Return the values that the job has logged: for each name its points."""
        document = await self._session.ask_json("GET", f"{self._path}/metrics")
        return dict(document["metrics"])

    async def metrics_csv(self) -> str:
        """Return the values that the job has logged as a table."""
        query = {"f": "csv"}
        _, body = await self._session.ask("GET", f"{self._path}/metrics", params=query)
        return body.decode()

    async def artifacts(self) -> list[dict[str, Any]]:
        """Return the files that the job has made: path, size, type and digest."""
        document = await self._session.ask_json("GET", f"{self._path}/artifacts")
        return list(document["artifacts"])

    async def download(self, path: str, target: str | os.PathLike[str]) -> Path:
        """Save a file that the job has made; whole, or not at all.

        Args:
            path: Its path among the artifacts.
            target: Where to save it: a file, or a folder that exists.
        """
        goal = _goal(Path(target), path)
        response = await self._session.open(
            "GET", f"{self._path}/artifacts/{quote(path)}"
        )
        if response.status >= 400:
            content = await self._session.read(response)
            raise error_of_answer(response.status, content)
        part = goal.with_name(f"{goal.name}.part")
        try:
            with part.open("wb") as file:
                async for piece in response.content.iter_any():
                    file.write(piece)
        except NETWORK_ERRORS as error:
            part.unlink(missing_ok=True)
            raise unreachable(self._session.url, error) from error
        return part.replace(goal)

    async def result(self) -> Any:
        """Wait for the job's result and return it, see `AsyncClient.predict`.

        Raises:
            DeepaasError: What the job failed with, or it was dismissed.
        """
        response, content = await self.raw_result()
        return decoded(response, content)

    async def raw_result(self) -> tuple[aiohttp.ClientResponse, bytes]:
        """Wait for the job's result and return it as it is."""
        await self.wait()
        return await self._session.ask("GET", f"{self._path}/results")

    async def cancel(self) -> str:
        """Cancel the job if it is not over; a result is never removed.

        Returns:
            The status; `dismissed`, unless it was over already.
        """
        for _ in range(_MOST_TRIES):
            response = await self._session.open("GET", self._path)
            content = await self._session.read(response)
            if response.status >= 400:
                raise error_of_answer(response.status, content)
            self.document = json.loads(content)
            if self.is_final or await self._dismiss(response.headers["etag"]):
                break
        return str(self.document["status"])

    async def _dismiss(self, etag: str) -> bool:
        """Dismiss the job if it is as we know it; its progress changes that too."""
        response = await self._session.open(
            "DELETE", self._path, headers={"if-match": etag}
        )
        content = await self._session.read(response)
        if response.status == HTTPStatus.PRECONDITION_FAILED:
            return False
        if response.status >= 400:
            raise error_of_answer(response.status, content)
        self.document = json.loads(content)
        return True

    async def delete(self) -> None:
        """Remove a job that is over from sight; cancel one that is not."""
        await self._session.ask("DELETE", self._path)


def _take_version(
    inputs: dict[str, Any], *, operation: OperationDescription
) -> int | None:
    """Take the number of a version out of arguments; None if there is none.

    Raises:
        InvalidInputError: It is no number of a version.
    """
    if "version" not in inputs or any(
        one.name == "version" for one in operation.arguments
    ):
        return None
    version = inputs.pop("version")
    if version is None or (isinstance(version, int) and version >= 0):
        return version
    detail = f"a version is known by its number, such as 3, and not by {version!r}"
    raise errors.InvalidInputError(
        errors=(errors.FieldError(pointer="/version", detail=detail),)
    )


def _next_query(document: Mapping[str, Any]) -> str:
    """Return the query of the next page, or empty after the last.

    Only the query, since the address is the one by which we know the server.
    """
    links = document.get("links", ())
    following = [one["href"] for one in links if one.get("rel") == "next"]
    return urlsplit(following[0]).query if following else ""


def _goal(target: Path, path: str) -> Path:
    return target / path.rpartition("/")[2] if target.is_dir() else target


def decoded(response: aiohttp.ClientResponse, content: bytes) -> Any:
    """Return a result as Python's own value."""
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if media_type == "application/json" or media_type.endswith("+json"):
        return json.loads(content)
    if media_type == "application/x-ndjson":
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    if media_type.startswith("text/"):
        return content.decode("utf-8", "replace")
    return content
