"""How the API of 0.5 and that of 1.x said that something about the input is wrong.

As for 2.x models, these bodies are those of their time; every other error is a problem
document, whose `message` is what 0.5 had there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas import errors
from deepaas.frontends.api import problems
from deepaas.problems import status_of

if TYPE_CHECKING:
    from deepaas.frontends.api.problems import ProblemAnswer
    from deepaas.model.arguments import Argument

InputErrorAnswer = Callable[
    [errors.DeepaasError, "Sequence[Argument]"], "ProblemAnswer | None"
]
"""Returns the answer to an error in the input of an operation with some arguments, or
None for any other error."""

_TEXT: Final = "text/plain; charset=utf-8"
_FAILED: Final = "Input payload validation failed"
_MISSING: Final = "Missing data for required field."
_MISSING_THEN: Final = (
    "Missing required parameter in the JSON body or the post body or the query string"
)


def answer_of_1x(
    error: errors.DeepaasError, arguments: Sequence[Argument]
) -> ProblemAnswer | None:
    """Return what 1.x answered: marshmallow's messages, or a line of text."""
    del arguments
    if isinstance(error, errors.InvalidInputError | errors.MalformedBodyError):
        if error.messages is None:
            return None
        body = msgspec.json.encode(error.messages)
        return problems.body_answer(status_of(error), body)
    if _is_bad_request(error):
        body = f"{status_of(error):d}: {error.detail}".encode("utf-8", "replace")
        return problems.body_answer(status_of(error), body, media_type=_TEXT)
    return None


def answer_of_05(
    error: errors.DeepaasError, arguments: Sequence[Argument]
) -> ProblemAnswer | None:
    """Return what 0.5 answered: a message, and a sentence for each argument."""
    if isinstance(error, errors.InvalidInputError) and isinstance(error.messages, dict):
        sentences = _sentences(error.messages, arguments)
        body = msgspec.json.encode({"errors": sentences, "message": _FAILED})
        return problems.body_answer(HTTPStatus.BAD_REQUEST, body)
    if _is_bad_request(error) or isinstance(error, errors.MalformedBodyError):
        body = msgspec.json.encode({"message": error.detail})
        return problems.body_answer(status_of(error), body)
    return None


def _is_bad_request(error: errors.DeepaasError) -> bool:
    """Return whether it says no more than that: raised by the model, or for it."""
    if isinstance(error, errors.ModelHttpError):
        return error.status == HTTPStatus.BAD_REQUEST
    return isinstance(error, errors.InputChoiceError)


def _sentences(
    messages: Mapping[str, Any], arguments: Sequence[Argument]
) -> dict[str, str]:
    """Return what is wrong with each argument, behind what the argument means."""
    meanings = {one.name: one.description for one in arguments}
    return {
        name: f"{meanings.get(name, '')} {' '.join(_texts(found))}".strip()
        for name, found in messages.items()
    }


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, Mapping):
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _texts(one)
    else:
        yield _MISSING_THEN if found == _MISSING else str(found)
