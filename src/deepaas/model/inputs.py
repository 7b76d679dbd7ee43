"""The values of one call, by the name of the argument.

A native model takes each argument from the first of query string, form and JSON body
that has it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from deepaas.errors import MalformedBodyError
from deepaas.model.arguments import MISSING, Inputs, Upload
from deepaas.model.refusals import OBJECT_WANTED, invalid_input, json_pointer
from deepaas.model.textvalues import TextReader, TextValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EXACT: Final = 2.0**53
"""Below it, a float and an integer of the same value are the same number."""


def json_members(inputs: Inputs) -> dict[str, Any]:
    """Return the members of the JSON body, if there is one.

    Raises:
        MalformedBodyError: The body is no JSON.
        InvalidInputError: It is something else than an object.
    """
    body = parse_json(inputs.raw_json) if inputs.raw_json else inputs.json
    if body is MISSING:
        return {}
    if not isinstance(body, dict):
        raise invalid_input({"": OBJECT_WANTED})
    return dict(body)


def parse_json(body: bytes | memoryview) -> Any:
    """Return what JSON text says.

    Raises:
        MalformedBodyError: It is no JSON, or has numbers that JSON does not know.
    """
    try:
        return from_json(bytes(body), allow_inf_nan=False)
    except ValueError as error:
        raise MalformedBodyError(f"The body is no valid JSON: {error}.") from None


def with_whole_numbers(value: Any) -> Any:
    """Return parsed JSON with `3.0` as 3.

    JSON has one kind of number, so both are integers to it; pydantic's strict mode
    takes only the second for one.
    """
    if isinstance(value, dict):
        return {key: with_whole_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


def text_members(
    inputs: Inputs, *, readers: Mapping[str, TextReader]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values in query and form, and what is wrong with others.

    Values are by name; what is wrong is by JSON Pointer.

    Args:
        inputs: The call.
        readers: What reads the text of an argument, by its name.
    """
    values: dict[str, Any] = {}
    refused: dict[str, str] = {}
    by_name = _grouped(inputs.form) | _grouped(inputs.query)
    for name, given in by_name.items():
        try:
            values |= _member(name, given, reader=readers.get(name))
        except TextValueError as error:
            refused[json_pointer([name])] = str(error)
    return values, refused


def _grouped(
    pairs: Iterable[tuple[str, str | Upload]],
) -> dict[str, list[str | Upload]]:
    groups: dict[str, list[str | Upload]] = defaultdict(list)
    for name, value in pairs:
        groups[name].append(value)
    return groups


def _member(
    name: str, given: list[str | Upload], *, reader: TextReader | None
) -> dict[str, Any]:
    """Return what was given under a name; nothing if it stands for no value."""
    if reader is None:
        return {name: given[0]}  # pydantic says that there is no such argument
    if reader.is_file:
        given = [one for one in given if not _is_unchosen_file(one)]
    if given:
        return {name: reader.read(given)}
    return {name: None} if "null" in reader.types else {}


def _is_unchosen_file(value: str | Upload) -> bool:
    """Return whether it is what browsers send for a file that nobody has chosen."""
    if isinstance(value, Upload):
        return not value.filename and not value.size_bytes
    return not value
