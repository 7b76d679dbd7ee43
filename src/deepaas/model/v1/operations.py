"""The operations `predict` and `train` of a V1 model.

Both take arguments as those of 2.x do: `get_test_args` and `get_train_args` become
fields, and a prediction has two more, `data` and `url`, of which each call has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from marshmallow import fields

from deepaas.errors import InputChoiceError
from deepaas.model import legacy
from deepaas.model.arguments import Signature
from deepaas.model.v1.base import offered
from deepaas.model.v1.calls import DATA, URL, PredictCall, TrainCall
from deepaas.model.v1.fields import read_fields
from deepaas.model.v1.results import V1Codec
from deepaas.model.v2.wrapper import UploadedFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.model.arguments import Inputs

JSON: Final = "application/json"

_EITHER: Final = "You must provide either 'url' or 'data' in the payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Operation:
    """What is known of an operation.

    Attributes:
        function: What to call, or None where the model only describes its arguments.
        documented: The model's function that says what it does, or None.
    """

    function: Callable[..., Any] | None
    documented: Callable[..., Any] | None
    signature: Signature
    codec: V1Codec


def read_predict(target: Any, *, declared: Any, model: str) -> V1Operation:
    """Return the predictions of a V1 model.

    Args:
        target: The module or instance that offers them.
        declared: What `get_test_args` returned, or None.
        model: The model's name, for errors.

    Raises:
        SignatureError: Its arguments cannot be served.
    """
    call = PredictCall(target, model=model)
    own = read_fields(declared, model=model, function="get_test_args")
    subject = _subject()
    signature = legacy.read_signature(
        {**subject, **own, **subject}, model=model, operation="test"
    )
    return V1Operation(
        function=call if call.functions else None,
        documented=next(iter(call.functions), None),
        signature=PredictSignature(signature),
        codec=_codec(),
    )


def read_train(target: Any, *, declared: Any, model: str) -> V1Operation | None:
    """Return the trainings of a V1 model, or None if it has no such thing.

    Args:
        target: The module or instance that offers them.
        declared: What `get_train_args` returned, or None.
        model: The model's name, for errors.

    Raises:
        SignatureError: Its arguments cannot be served.
    """
    train = offered(target, "train")
    if train is None and declared is None:
        return None
    own = read_fields(declared, model=model, function="get_train_args")
    return V1Operation(
        function=TrainCall(train) if train else None,
        documented=train,
        signature=legacy.read_signature(own, model=model, operation="train"),
        codec=_codec(),
    )


class PredictSignature(Signature):
    """The arguments of a prediction, of which `data` or `url` is one."""

    def __init__(self, signature: Signature) -> None:
        self.arguments = signature.arguments
        self.definitions = signature.definitions
        self._signature = signature

    def bind(self, inputs: Inputs) -> dict[str, Any]:
        """Validate `inputs` and return the arguments of the call.

        Raises:
            InvalidInputError: Something is wrong; all of it is named at once.
            MalformedBodyError: The body is no JSON.
            InputChoiceError: Both or neither of `data` and `url` are given.
        """
        values = self._signature.bind(inputs)
        data = values[DATA]
        if data and not isinstance(data, UploadedFile):
            raise InputChoiceError(
                f"{_EITHER}, 'data' as a file: a part of a multipart form that has a "
                "file name"
            )
        # A page's form sends an address that nobody has filled in as an empty one.
        values[URL] = [one for one in values[URL] or () if one] or None
        if bool(data) == bool(values[URL]):
            raise InputChoiceError(_EITHER)
        return values


def _subject() -> dict[str, fields.Field]:
    """Return what a prediction is about."""
    return {
        DATA: fields.Raw(
            load_default=None,
            metadata={
                "type": "file",
                "location": "form",
                "description": "Data file to perform inference.",
            },
        ),
        URL: fields.List(
            fields.String(),
            load_default=None,
            metadata={"description": "URL to retrieve data to perform inference."},
        ),
    }


def _codec() -> V1Codec:
    return V1Codec(media_types=(JSON,), schema=None, is_wrapped=False)
