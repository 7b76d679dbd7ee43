"""The ways in which published models hand over a picture."""
# mypy: ignore-errors
# A published model has no annotations.

import base64
import io
import os
import tempfile

from deepaas.model.v2.wrapper import ReturnedFile

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAA"
    "SUVORK5CYII="
)


def written():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "picture.png")  # noqa: PTH118 - as such models do
    with open(path, "wb") as file:  # noqa: PTH123 - as such models do
        file.write(PNG)
    return path


def open_file():
    return open(written(), "rb")  # noqa: PTH123 - as such models do


def read_to_the_end():
    file = io.BytesIO()
    file.write(PNG)
    return file


WAYS = {
    "bytes": lambda: PNG,
    "buffer": lambda: io.BytesIO(PNG),
    "unwound": read_to_the_end,
    "file": open_file,
    "returned": lambda: ReturnedFile(filename=written()),
    "text": lambda: "as it is: /etc/hostname",
    "dict": lambda: {"no": "picture"},
}
