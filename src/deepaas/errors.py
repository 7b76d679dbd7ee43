"""Every error that a user of deepaas may meet, in one tree.

    DeepaasError
    ├── ConfigurationError          the operator's settings cannot work
    ├── ModelLoadError              a model cannot be found, imported or started
    │   └── SignatureError          an operation whose arguments cannot be served
    ├── RequestError                the caller can mend it
    │   ├── InvalidInputError         an argument is wrong, missing or unknown
    │   ├── InputChoiceError          not exactly one of some arguments (V1)
    │   ├── MalformedBodyError        the body cannot be read at all
    │   ├── UnsupportedMediaTypeError the body's media type is not understood
    │   ├── BodyTooLargeError         the body is over the limit
    │   ├── NotAcceptableError        no representation that the caller accepts
    │   ├── ModelNotFoundError        no model of this name
    │   ├── VersionNotFoundError      no version of this number
    │   ├── VersionInUseError         the version answers predictions
    │   ├── ExtensionNotOfferedError  an extension of Open Inference that is not here
    │   ├── ProcessNotFoundError      no process of this id
    │   ├── JobNotFoundError          no job of this id
    │   ├── JobRemovedError           the job was removed
    │   ├── ResultNotReadyError       the job has no result yet
    │   ├── JobDismissedError         the job was dismissed and has no result
    │   ├── ArtifactNotFoundError     the job has no such file
    │   ├── OutputNotFoundError       the job has no such output
    │   ├── InvalidParameterError     a parameter of the query is wrong
    │   ├── JobChangedError           the job is not as the caller knows it
    │   ├── JobStateConflictError     the job is not in the state for that
    │   ├── IdempotencyMismatchError  the key was used for another request
    │   └── IdempotencyInFlightError  the first request with the key is not over
    ├── OperationError              the model cannot or will not do it
    │   ├── OperationNotImplementedError
    │   ├── OperationDisabledError
    │   ├── JobsDisabledError
    │   ├── JobFailedError            the job failed, and not by an exception
    │   ├── ModelError                the model raised an exception
    │   ├── ModelHttpError            the model raised an HTTP error (2.x)
    │   ├── BadOutputError            the result cannot be represented
    │   └── ResultTooLargeError       the result is more than the platform carries
    └── UnavailableError            nobody did anything wrong, or the machine did
        ├── QueueFullError
        ├── ModelUnavailableError     loading, failed to load, or backing off
        ├── DrainingError
        ├── DeadlineError
        ├── WorkerDiedError
        ├── TooManyJobsError
        └── StoreUnavailableError     jobs cannot be kept now

Errors carry facts and know nothing of HTTP: `deepaas.frontends.api.problems`
holds the one table that turns them into responses. `code` is the stable,
machine-readable name of the error on the wire, in logs and in problem types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one argument.

    Attributes:
        pointer: JSON Pointer (RFC 6901) to the value within the inputs, such as
            `/photos/0`; empty for the inputs as a whole.
        detail: What is wrong and, where we can tell, what to do.
    """

    pointer: str
    detail: str


class DeepaasError(Exception):
    """The server failed."""

    code: ClassVar[str] = "error"

    @property
    def detail(self) -> str:
        """The error in a sentence for the person who has to mend it."""
        return str(self.args[0]) if self.args else (self.__doc__ or "").splitlines()[0]


class ConfigurationError(DeepaasError):
    """The settings cannot work.

    Attributes:
        setting: The dotted key of the setting that is wrong, or empty.
    """

    code = "configuration"

    def __init__(self, detail: str, *, setting: str = "") -> None:
        self.setting = setting
        super().__init__(detail)


class ModelLoadError(DeepaasError):
    """A model cannot be loaded.

    Attributes:
        model: The model's name, or how the user referred to it.
        traceback: The traceback text from the model's own code, or empty.
    """

    code = "model_load"

    def __init__(self, model: str, reason: str, *, traceback: str = "") -> None:
        self.model = model
        self.reason = reason
        self.traceback = traceback
        super().__init__(f"Model {model!r} cannot be loaded: {reason}")


class SignatureError(ModelLoadError):
    """The arguments or the result of an operation cannot be served."""

    code = "signature"


class RequestError(DeepaasError):
    """The caller can mend it."""

    code = "request"


class InvalidInputError(RequestError):
    """An argument is wrong, missing or unknown.

    Raise it in a model for input that only the model can judge; the caller gets
    422 with the message.

    Attributes:
        errors: One entry for each thing that is wrong.
        messages: For 2.x models, the error document of marshmallow, which is the
            whole body of their 422 answer.
    """

    code = "invalid_input"

    def __init__(
        self,
        detail: str = "The inputs are not valid.",
        *,
        errors: tuple[FieldError, ...] = (),
        messages: object = None,
    ) -> None:
        self.errors = errors
        self.messages = messages
        super().__init__(detail)

    def __str__(self) -> str:
        """Return the sentence, with what is wrong about each input."""
        found = [
            f"{one.pointer}: {one.detail}".lstrip(": ") for one in self.errors or ()
        ]
        return " ".join([self.detail, *found])


class InputChoiceError(RequestError):
    """Not exactly one of some arguments is given."""

    code = "input_choice"


class MalformedBodyError(RequestError):
    """The body cannot be read.

    Attributes:
        messages: For 2.x models, the whole body of their 400 answer.
    """

    code = "malformed_body"

    def __init__(self, detail: str, *, messages: object = None) -> None:
        self.messages = messages
        super().__init__(detail)


class UnsupportedMediaTypeError(RequestError):
    """The media type of the body is not understood."""

    code = "unsupported_media_type"

    def __init__(self, media_type: str, *, supported: tuple[str, ...]) -> None:
        self.media_type = media_type
        self.supported = supported
        super().__init__(
            f"The body's media type {media_type!r} is not understood; "
            f"send one of {', '.join(supported)}."
        )


class BodyTooLargeError(RequestError):
    """The body is over the limit."""

    code = "body_too_large"

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"Maximum request body size {limit_bytes} exceeded.")


class NotAcceptableError(RequestError):
    """No representation of the result is acceptable to the caller."""

    code = "not_acceptable"

    def __init__(self, accept: str, *, available: tuple[str, ...]) -> None:
        self.accept = accept
        self.available = available
        super().__init__(
            f"The result cannot be sent as {accept!r}; "
            f"available: {', '.join(available)}."
        )


class ModelNotFoundError(RequestError):
    """No model of this name is served."""

    code = "model_not_found"

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(f"No model {model!r} is served here; see /v2/models/.")


class VersionNotFoundError(RequestError):
    """The model has no version of this number."""

    code = "version_not_found"

    def __init__(self, model: str, version: int | str) -> None:
        self.model = model
        self.version = version
        super().__init__(
            f"Model {model!r} has no version {version}; see /models/{model}/versions."
        )


class VersionInUseError(RequestError):
    """The version answers predictions."""

    code = "version_in_use"

    def __init__(self, model: str, version: int) -> None:
        self.model = model
        self.version = version
        super().__init__(
            f"Version {version} of model {model!r} answers predictions; activate "
            "another one first."
        )


class ExtensionNotOfferedError(RequestError):
    """The extension of the Open Inference Protocol is not offered."""

    code = "extension_not_offered"

    def __init__(self, extension: str, *, remedy: str = "") -> None:
        self.extension = extension
        detail = f"The extension {extension!r} is not offered here."
        super().__init__(f"{detail} {remedy}".rstrip())


class ProcessNotFoundError(RequestError):
    """No process of this id."""

    code = "process_not_found"

    def __init__(self, process: str) -> None:
        self.process = process
        super().__init__(f"There is no process {process!r} here; see /processes.")


class JobNotFoundError(RequestError):
    """No job of this id."""

    code = "job_not_found"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"There is no job {job_id!r}; see /jobs.")


class JobRemovedError(RequestError):
    """The job was removed."""

    code = "job_removed"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"Job {job_id!r} was removed.")


class ArtifactNotFoundError(RequestError):
    """The job has no such file."""

    code = "artifact_not_found"

    def __init__(self, job_id: str, path: str) -> None:
        self.job_id = job_id
        self.path = path
        super().__init__(f"Job {job_id!r} has no file {path!r}; see its artifacts.")


class OutputNotFoundError(RequestError):
    """The job has no such output."""

    code = "output_not_found"

    def __init__(self, job_id: str, output: str) -> None:
        self.job_id = job_id
        self.output = output
        super().__init__(f"Job {job_id!r} has no output {output!r}, only 'result'.")


class InvalidParameterError(RequestError):
    """A parameter of the query is wrong.

    Attributes:
        parameter: Its name.
    """

    code = "invalid_parameter"

    def __init__(self, parameter: str, reason: str) -> None:
        self.parameter = parameter
        super().__init__(f"The parameter {parameter!r} is wrong: {reason}.")


class JobChangedError(RequestError):
    """The job is not as the caller knows it.

    Attributes:
        state: The job's state.
    """

    code = "job_changed"

    def __init__(self, job_id: str, *, state: str) -> None:
        self.job_id = job_id
        self.state = state
        super().__init__(f"Job {job_id!r} has changed meanwhile; it is {state}.")


class ResultNotReadyError(RequestError):
    """The job has no result yet.

    Attributes:
        state: The job's state.
    """

    code = "result_not_ready"

    def __init__(self, job_id: str, *, state: str) -> None:
        self.job_id = job_id
        self.state = state
        super().__init__(f"Job {job_id!r} is {state} and has no result yet.")


class JobDismissedError(RequestError):
    """The job was dismissed and has no result."""

    code = "job_dismissed"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"Job {job_id!r} was dismissed; it has no result.")


class JobStateConflictError(RequestError):
    """The job is not in the state for that.

    Attributes:
        state: The job's state.
        event: What cannot happen in it.
    """

    code = "job_state_conflict"

    def __init__(self, *, state: str, event: str) -> None:
        self.state = state
        self.event = event
        super().__init__(f"A job that is {state} cannot be {event}.")


class IdempotencyMismatchError(RequestError):
    """The idempotency key was used for another request."""

    code = "idempotency_mismatch"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"The Idempotency-Key {key!r} was used for another request; take a new one."
        )


class IdempotencyInFlightError(RequestError):
    """The first request with this idempotency key is not over."""

    code = "idempotency_in_flight"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"A request with the Idempotency-Key {key!r} is being accepted; send it "
            "again in a moment."
        )


class OperationError(DeepaasError):
    """The model cannot or will not do it."""

    code = "operation"


class OperationNotImplementedError(OperationError):
    """The model does not have this operation."""

    code = "not_implemented"

    def __init__(self, model: str, operation: str) -> None:
        self.model = model
        self.operation = operation
        super().__init__(f"Not implemented by underlying model (loaded '{model}')")


class OperationDisabledError(OperationError):
    """The operator has switched this operation off."""

    code = "operation_disabled"

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"The {operation} operation is switched off on this server.")


class JobFailedError(OperationError):
    """The job failed.

    Attributes:
        cause: Why, for programs, see `Job.cause`.
    """

    code = "job_failed"

    def __init__(self, detail: str, *, cause: str) -> None:
        self.cause = cause
        super().__init__(detail)


class JobsDisabledError(OperationError):
    """The operator has switched jobs off."""

    code = "jobs_disabled"

    def __init__(self) -> None:
        super().__init__("Jobs are switched off on this server (--no-jobs).")


class ResultTooLargeError(OperationError):
    """The result is larger than the platform can carry.

    Attributes:
        limit_bytes: The largest result.
    """

    code = "result_too_large"

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(
            f"The result is larger than the {limit_bytes} bytes that the platform can "
            "carry; have the model return less, or put it somewhere and return where."
        )


class ModelError(OperationError):
    """The model raised an exception.

    Attributes:
        exception: The name of the exception's class.
        traceback: Its traceback, for the log and never for the caller.
    """

    code = "model_error"

    def __init__(
        self, detail: str, *, exception: str = "Exception", traceback: str = ""
    ) -> None:
        self.exception = exception
        self.traceback = traceback
        super().__init__(detail)


class ModelHttpError(OperationError):
    """The model answered with an error of its own.

    2.x models raise one, such as `aiohttp.web.HTTPBadRequest`.

    Attributes:
        status: The status that the model chose (400 to 599).
    """

    code = "model_http_error"

    def __init__(self, detail: str, *, status: int) -> None:
        self.status = status
        super().__init__(detail)


class BadOutputError(OperationError):
    """The model's result cannot be represented.

    Attributes:
        traceback: Where it failed, for the log and never for the caller.
    """

    code = "bad_output"

    def __init__(self, detail: str, *, traceback: str = "") -> None:
        self.traceback = traceback
        super().__init__(detail)


class UnavailableError(DeepaasError):
    """The server cannot do it now.

    Attributes:
        retry_after_s: Seconds after which another try makes sense, or None.
    """

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(detail)


class QueueFullError(UnavailableError):
    """The model takes no more work for the moment."""

    code = "queue_full"

    def __init__(self, model: str, *, retry_after_s: float) -> None:
        self.model = model
        super().__init__(
            f"The queue of model {model!r} is full.", retry_after_s=retry_after_s
        )


class ModelUnavailableError(UnavailableError):
    """The model has no worker that could answer."""

    code = "model_unavailable"


class DrainingError(UnavailableError):
    """The server is shutting down."""

    code = "draining"

    def __init__(self) -> None:
        super().__init__("The server is shutting down.", retry_after_s=5)


class DeadlineError(UnavailableError):
    """The prediction took longer than it may."""

    code = "deadline"


class WorkerDiedError(UnavailableError):
    """The worker process died while it had the request.

    Attributes:
        cause: `worker_died` or `memory_limit`.
        exit_status: The exit code, or None when a signal ended it.
        signal: The signal's name, such as `SIGSEGV`, or None.
    """

    code = "worker_died"

    def __init__(
        self,
        detail: str,
        *,
        cause: str = "worker_died",
        exit_status: int | None = None,
        signal: str | None = None,
    ) -> None:
        self.cause = cause
        self.exit_status = exit_status
        self.signal = signal
        super().__init__(detail)


class TooManyJobsError(UnavailableError):
    """Too many jobs wait already."""

    code = "too_many_jobs"

    def __init__(self, limit: int, *, retry_after_s: float) -> None:
        self.limit = limit
        super().__init__(f"{limit} jobs wait already.", retry_after_s=retry_after_s)


class StoreUnavailableError(UnavailableError):
    """Jobs cannot be kept now."""

    code = "store_unavailable"
