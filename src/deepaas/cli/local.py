"""A model in this process, asked from the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deepaas.cli.answers import Answer, pieces_of_file
from deepaas.cli.local_store import version_here
from deepaas.errors import OperationNotImplementedError
from deepaas.model.discovery import find_models
from deepaas.model.loading import load_model
from deepaas.worker.describe import describe_operation
from deepaas.worker.inline import InlineWorker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Inputs
    from deepaas.worker.runner import Call


class LocalModel:
    """A model that is loaded here and runs here.

    Attributes:
        operation: What `predict` takes and gives.
    """

    def __init__(
        self, reference: str, *, data_dir: str = "", version: int | None = None
    ) -> None:
        """Import the model.

        Args:
            reference: An installed name, a module, `module:object` or a `.py` file.
            data_dir: Where trainings have left versions, or empty for where a server
                of this model keeps them.
            version: The number of a version, or None for the one that answers.

        Raises:
            ModelLoadError: It cannot be found or imported.
            OperationNotImplementedError: It has no `predict`.
            VersionNotFoundError: There is none of this number.
        """
        [found] = find_models([reference])
        used = version_here(found, data_dir=data_dir, number=version)
        if used.folder is not None:
            os.environ["DEEPAAS_VERSION_DIR"] = str(used.folder)
        model = load_model(
            found.name,
            references=found.references,
            distribution=found.distribution,
            version=used,
        )
        predict = model.operations.get("predict")
        if predict is None:
            raise OperationNotImplementedError(model.name, "predict")
        self.operation: OperationDescription = describe_operation(
            predict, kind=model.kind
        )
        self._worker = InlineWorker(model)
        self._is_warm = False

    def predict(self, inputs: Inputs, *, accept: str) -> Answer:
        """Warm the model up and ask it; see `Target.predict`."""
        call = self._worker.bind("predict", inputs, accept=accept)
        if not self._is_warm:
            self._worker.warm()
            self._is_warm = True
        result = self._worker.run(call)
        if call.is_streamed:
            pieces: Iterable[bytes] = self._worker.stream(call, result)
            return Answer(
                media_type=call.media_type, pieces=self._then_forget(pieces, call)
            )
        encoded = self._worker.encode(call, result)
        pieces = pieces_of_file(encoded.path) if encoded.path else [bytes(encoded.body)]
        return Answer(
            media_type=encoded.media_type, pieces=self._then_forget(pieces, call)
        )

    def _then_forget(self, pieces: Iterable[bytes], call: Call) -> Iterator[bytes]:
        """Yield an answer, and then remove the files of its call."""
        try:
            yield from pieces
        finally:
            self._worker.forget(call)

    def close(self) -> None:
        """Call the model's `close`, and remove its files."""
        self._worker.close()
