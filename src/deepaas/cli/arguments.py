"""A model's arguments as options of a command line, and back to the inputs of a call.

Each argument is an option under its own name, or its keyword in the model's function;
an underscore may be a dash. Values stay text, because the model's signature reads text
as it does for a form, and says what is wrong with all of them at once: nothing is
required or checked here, except that files exist. Only structured values of 2.x models
are parsed, as those take them in JSON.
"""

from __future__ import annotations

import argparse
import difflib
import json
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas.cli.wording import type_text, value_text
from deepaas.errors import FieldError, InvalidInputError
from deepaas.model.arguments import Inputs, Upload
from deepaas.model.schemas import SchemaReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Argument

_STRUCTURED: Final = frozenset({"object", "array"})
_METAVARS: Final = {
    "boolean": "BOOL",
    "integer": "INTEGER",
    "number": "NUMBER",
    "string": "TEXT",
    "object": "JSON",
    "array": "JSON",
}


def parse_json(text: str) -> Any:
    """Return what JSON text says; the text itself if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def refuse_our_options(
    words: Sequence[str],
    operation: OperationDescription,
    *,
    ours: Iterable[str],
    parser: argparse.ArgumentParser,
    program: str,
) -> None:
    """Say where an option of ours belongs that stands after MODEL."""
    names = {f"--{one.name}" for one in operation.arguments}
    for option in ours:
        is_there = any(word.partition("=")[0] == option for word in words)
        if is_there and option not in names:
            parser.error(f"{option} stands before MODEL: {program} {option} ...")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Let a command name a model, in `model`, with what belongs to it in `words`."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="an installed name, a module, module:object, or a .py file; with --url, "
        "a name at the server",
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def make_parser(
    operation: OperationDescription, *, program: str
) -> argparse.ArgumentParser:
    """Return a parser for the arguments of an operation.

    Args:
        operation: The operation; its arguments become options.
        program: How the command was called so far.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} [--ARGUMENT VALUE ...]",
        description=operation.description or operation.summary or None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        conflict_handler="resolve",  # a model may have an argument called `help`
        argument_default=argparse.SUPPRESS,
    )
    titles = ("required arguments", "optional arguments")
    groups = [parser.add_argument_group(title) for title in titles]
    for option in _options(operation):
        option.add_to(groups[0] if option.argument.required else groups[1])
    return parser


def read_inputs(
    operation: OperationDescription,
    words: Sequence[str],
    *,
    parser: argparse.ArgumentParser,
    parse: Callable[[str], Any] = parse_json,
) -> Inputs:
    """Return the inputs that the words of a command line say.

    Args:
        operation: The operation.
        words: What follows the model's name.
        parser: From `make_parser`.
        parse: Reads a structured value for a 2.x model.

    Raises:
        InvalidInputError: A file cannot be read.
        SystemExit: The words are no options of this model, or ask for help.
    """
    options = list(_options(operation))
    joined = list(_with_values_joined(words, options))
    namespace, unknown = parser.parse_known_args(joined)
    if unknown:
        parser.error(_unknown_text(unknown, options))
    given = vars(namespace)
    inputs = _Collector(parse, is_v2=operation.allows_unknown)
    for option in options:
        if option.argument.name in given:
            inputs.add(option, given[option.argument.name])
    return inputs.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """An argument, as the command line offers it.

    Attributes:
        argument: The argument.
        flags: The option's spellings; help shows the first.
        ask: Answers questions about its schema.
    """

    argument: Argument
    flags: tuple[str, ...]
    ask: SchemaReader

    @property
    def types(self) -> frozenset[str]:
        return self.ask.types(self.argument.schema)

    @property
    def is_switch(self) -> bool:
        """Whether the option may stand without a value."""
        return self.types <= {"boolean", "null"}

    @property
    def is_structured(self) -> bool:
        """Whether a value is an object or array, and never a plain text."""
        return bool(self.types & _STRUCTURED) and "string" not in self.types

    def add_to(self, group: Any) -> None:
        """Add the option to a parser, or a group of one."""
        how: dict[str, Any] = {}
        if self.argument.is_list:
            how = {"nargs": "+", "action": "extend"}
        elif self.is_switch:
            how = {"nargs": "?", "const": "true"}
        how |= {"dest": self.argument.name, "metavar": self._metavar()}
        shown, *others = self.flags
        group.add_argument(shown, help=self.help().replace("%", "%%"), **how)
        for flag in others:
            group.add_argument(flag, help=argparse.SUPPRESS, **how)

    def help(self) -> str:
        """Return what the argument means and takes."""
        argument = self.argument
        facts = [type_text(argument, ask=self.ask)]
        if (default := argument.schema.get("default")) is not None:
            facts.append(f"default: {value_text(default)}")
        text = " ".join(argument.description.partition("\n\n")[0].split())
        return f"{text} ({'; '.join(facts)})".strip()

    def _metavar(self) -> str:
        if self.argument.is_file:
            return "FILE"
        schema = self.argument.schema
        items = self.ask.items(schema) if self.argument.is_list else None
        kinds = sorted((self.ask.types(items) if items else self.types) - {"null"})
        return _METAVARS[kinds[0]] if len(kinds) == 1 else "VALUE"


def _options(operation: OperationDescription) -> Iterator[_Option]:
    ask = SchemaReader(operation.definitions)
    names = {one.name for one in operation.arguments}
    for one in operation.arguments:
        # 2.x names options by the keyword, which is not always the name on the wire.
        others = {one.name.replace("_", "-"), one.keyword} - names
        flags = tuple(f"--{spelling}" for spelling in (one.name, *sorted(others)))
        yield _Option(argument=one, flags=flags, ask=ask)


def _with_values_joined(
    words: Sequence[str], options: Iterable[_Option]
) -> Iterator[str]:
    """Yield `--x -1e3` as `--x=-1e3`, because argparse takes `-1e3` for an option."""
    takes_value = {
        flag
        for one in options
        for flag in one.flags
        if not one.is_switch and not one.argument.is_list
    }
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in takes_value else None
        if value is None:
            yield word
        elif value.startswith("-") and not value.startswith("--") and value != "-h":
            yield f"{word}={value}"
        else:
            yield from (word, value)


def _unknown_text(words: Sequence[str], options: Iterable[_Option]) -> str:
    name = words[0].partition("=")[0]
    if not name.startswith("-"):
        return f"{name!r} belongs to no option"
    flags = [one.flags[0] for one in options]
    near = difflib.get_close_matches(name, flags, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(flags)}"
    return f"there is no option {name}; {hint}" if flags else f"no option {name}"


class _Collector:
    """Puts values where a request would carry them."""

    def __init__(self, parse: Callable[[str], Any], *, is_v2: bool) -> None:
        self._parse = parse
        self._is_v2 = is_v2
        self._form: list[tuple[str, str | Upload]] = []
        self._query: list[tuple[str, str]] = []
        self._headers: dict[str, str] = {}
        self._cookies: dict[str, str] = {}
        self._json: dict[str, Any] = {}
        self._absent: list[FieldError] = []

    def add(self, option: _Option, value: str | list[str]) -> None:
        """Take the value of an option, or its values."""
        argument = option.argument
        texts = value if isinstance(value, list) else [value]
        if argument.is_file:
            self._form += self._uploads(argument.name, texts)
        elif argument.location == "header":
            self._headers[argument.name.lower()] = texts[-1]
        elif argument.location == "cookie":
            self._cookies[argument.name] = texts[-1]
        elif argument.location == "query":
            self._query += [(argument.name, text) for text in texts]
        elif not self._add_parsed(option, texts):
            self._form += [(argument.name, text) for text in texts]

    def finish(self) -> Inputs:
        """Return all values.

        Raises:
            InvalidInputError: A file cannot be read.
        """
        if self._absent:
            raise InvalidInputError(errors=tuple(self._absent))
        inputs = Inputs(
            query=self._query,
            form=self._form,
            headers=self._headers,
            cookies=self._cookies,
        )
        if self._json:
            inputs.json = self._json
        return inputs

    def _add_parsed(self, option: _Option, texts: list[str]) -> bool:
        """Take a value that a form cannot carry; returns False for any other."""
        argument = option.argument
        is_json_only = argument.location == "json"
        if not is_json_only and not (self._is_v2 and option.is_structured):
            return False
        parse = str if "string" in option.types else self._parse
        values = [parse(text) for text in texts]
        if not is_json_only and not any(isinstance(one, list | dict) for one in values):
            return False
        is_element = argument.is_list and isinstance(values[0], dict)
        is_whole = len(values) == 1 and not is_element
        self._json[argument.name] = values[0] if is_whole else values
        return True

    def _uploads(self, name: str, paths: list[str]) -> Iterator[tuple[str, Upload]]:
        for path in paths:
            if reason := _unreadable(path):
                self._absent.append(FieldError(pointer=f"/{name}", detail=reason))
            else:
                yield name, upload(path)


def _unreadable(path: str) -> str:
    """Return why a file cannot be read, or an empty text."""
    if not Path(path).is_file():
        return f"there is no file {path!r} in {Path.cwd()}"
    return "" if os.access(path, os.R_OK) else f"{path!r} may not be read"


def upload(path: str) -> Upload:
    """Return a file of the caller's, as if it had come with a request."""
    media_type, encoding = mimetypes.guess_type(path)
    known = media_type if not encoding else None
    return Upload(
        path=path,
        filename=Path(path).name,
        content_type=known or "application/octet-stream",
        size_bytes=Path(path).stat().st_size,
    )
