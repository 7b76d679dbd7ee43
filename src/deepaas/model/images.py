"""Images as arguments and results, for models that use Pillow.

Pillow belongs to the model. Hints and values are recognised by the names of their
classes, so it is imported only where a model has done so itself.
"""

from __future__ import annotations

import importlib
import io
from typing import Any, Final

from deepaas.errors import BadOutputError
from deepaas.model.arguments import Upload
from deepaas.model.files import read_content

IMAGE_TYPES: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/gif": "GIF",
}
"""What an image can be sent as, and Pillow's name for it; the first is the default."""

_HOME: Final = "PIL.Image"
_WITHOUT_TRANSPARENCY: Final = frozenset({"image/jpeg", "image/bmp"})


def is_image_class(hint: object) -> bool:
    """Return whether `hint` is `PIL.Image.Image` or a class derived from it."""
    return isinstance(hint, type) and any(
        base.__name__ == "Image" and base.__module__ == _HOME for base in hint.__mro__
    )


def is_image(value: object) -> bool:
    """Return whether `value` is an image of Pillow."""
    return is_image_class(type(value))


def read_image(value: object) -> Any:
    """Return an upload or a qualified value as a loaded image.

    Raises:
        ValueError: It is no file, or the file is no image that Pillow can read.
    """
    source = (
        value.path if isinstance(value, Upload) else io.BytesIO(read_content(value))
    )
    pillow = importlib.import_module(_HOME)
    try:
        return _loaded(pillow.open(source))
    except pillow.UnidentifiedImageError:
        raise ValueError("The file is no image of a format known here.") from None
    except Exception as error:  # noqa: BLE001  broken files make decoders raise anything
        raise ValueError(f"The image cannot be read: {error}.") from None


def _loaded(image: Any) -> Any:
    """Return an image with its pixels in memory; let go of the file if they are not.

    One of several frames keeps its file, from which the others are read.
    """
    try:
        image.load()
    except BaseException:
        image.close()
        raise
    return image


def write_image(image: Any, *, media_type: str) -> bytes:
    """Return an image in the format of `media_type`.

    Raises:
        BadOutputError: The format cannot hold an image of this mode.
    """
    if media_type in _WITHOUT_TRANSPARENCY and image.mode in ("RGBA", "LA", "P", "PA"):
        image = image.convert("RGB")
    buffer = io.BytesIO()
    try:
        image.save(buffer, format=IMAGE_TYPES[media_type])
    except (OSError, ValueError, KeyError) as error:
        raise BadOutputError(
            f"An image of mode {image.mode} cannot be sent as {media_type}: {error}; "
            'let the model return image.convert("RGB").'
        ) from None
    return buffer.getvalue()
