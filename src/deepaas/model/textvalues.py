"""What the text of a query string or form stands for.

Text has no types, so the argument's schema decides: a list is a repeated name or one
JSON array, anything nested is JSON text, a number or boolean is JSON where it can be
read as such and otherwise left to pydantic, which understands `yes` and `on` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from deepaas.model.arguments import Upload
from deepaas.model.schemas import ALL_TYPES, Schema, SchemaReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NESTED: Final = frozenset({"object", "array", "null"})
_ARRAY_OR_NULL: Final = frozenset({"array", "null"})


class TextValueError(Exception):
    """The values given for an argument cannot be its value; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReader:
    """Reads the values that came under the name of one argument.

    Attributes:
        types: The JSON types that a value may have.
        texts: The texts that a value may be, or None if any text may be one.
        is_file: Whether a value may be a file, or several.
        items: Reads the elements if a value may be an array.
    """

    types: frozenset[str]
    texts: frozenset[str] | None
    is_file: bool = False
    items: TextReader | None = None

    def read(self, values: Sequence[str | Upload]) -> Any:
        """Return the value of the argument, not yet validated.

        Raises:
            TextValueError: There are too many values, a file where none belongs, or
                text that should be JSON and is not.
        """
        if not self.is_file and any(isinstance(one, Upload) for one in values):
            raise TextValueError("This argument takes no file.")
        if self.items is not None and self._are_elements(values):
            return [self.items.read_one(one) for one in values]
        if len(values) > 1:
            raise TextValueError(f"One value belongs here, not {len(values)}.")
        return self.read_one(values[0])

    def read_one(self, value: str | Upload) -> Any:
        """Return what one value stands for."""
        if isinstance(value, Upload):
            return value
        if not value and "null" in self.types and "string" not in self.types:
            return None
        read = value if self._is_text(value) else _from_json(value)
        if isinstance(read, bool) and "boolean" not in self.types:
            read = value  # pydantic would take it for 1 or 0
        if isinstance(read, str) and self.types <= _NESTED:
            raise TextValueError("This argument has to be written as JSON.")
        return read

    def _are_elements(self, values: Sequence[str | Upload]) -> bool:
        """Return whether the values are the elements of an array, one each."""
        if len(values) > 1:
            return True
        return self.types <= _ARRAY_OR_NULL and not self._is_whole(values[0])

    def _is_whole(self, value: str | Upload) -> bool:
        """Return whether a lone value is the array itself, not its only element."""
        if isinstance(value, Upload):
            return False
        if not value:
            return "null" in self.types
        array = _from_json(value)
        if not isinstance(array, list) or self.items is None:
            return False
        # `[1, 2]` for a list of lists is its only row.
        is_nested = self.items.types <= _ARRAY_OR_NULL
        return not is_nested or all(isinstance(one, list) for one in array)

    def _is_text(self, value: str) -> bool:
        """Return whether `value` is meant as text rather than as JSON."""
        if self.types == ALL_TYPES:
            return False
        if self.texts is not None:
            return value in self.texts
        return not (value[:1] in ("{", "[") and self.types & {"object", "array"})


def text_reader(schema: Schema, *, definitions: Mapping[str, Schema]) -> TextReader:
    """Return the reader for an argument of this schema."""
    ask = SchemaReader(definitions)
    items = ask.items(schema)
    return TextReader(
        types=ask.types(schema),
        texts=ask.texts(schema),
        is_file=ask.is_file(schema),
        items=None if items is None else _reader(items, ask),
    )


def _reader(schema: Schema, ask: SchemaReader) -> TextReader:
    return TextReader(
        types=ask.types(schema), texts=ask.texts(schema), is_file=ask.is_file(schema)
    )


def _from_json(value: str) -> Any:
    """Return what JSON text says; the text itself if it is not JSON."""
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        return value
