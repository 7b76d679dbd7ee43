"""Files as 2.x models get them and give them back.

Models build these by position and by keyword, compare them and take them apart, so
names and order of the fields are fixed.
"""

from __future__ import annotations

from typing import NamedTuple


class UploadedFile(NamedTuple):
    """A file that a caller sent.

    Attributes:
        name: The name of the argument, as the caller wrote it.
        filename: The path of its content; the file goes away with the request.
        content_type: The media type that the caller stated.
        original_filename: The caller's name for it; never a path to open.
    """

    name: str | None = None
    filename: str | None = None
    content_type: str | None = None
    original_filename: str | None = None


class ReturnedFile(NamedTuple):
    """A file that a model returns.

    Attributes:
        name: Not used.
        filename: The path of its content.
        content_type: Its media type, for a caller who left the type to the model.
        original_filename: The name to suggest to the caller, or None for that of
            the path.
    """

    name: str | None = None
    filename: str | None = None
    content_type: str | None = None
    original_filename: str | None = None
