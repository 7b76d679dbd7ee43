"""What a docstring says of each argument, in the three styles that people write.

    Args:                     Parameters              :param top_k: How many
        top_k: How many       ----------                  labels to return.
            labels.           top_k : int
                                  How many labels.

Only the arguments' descriptions are read, and shown beside the arguments: everything
else of a docstring is shown as the author wrote it. What cannot be read is left out,
never an error.
"""

from __future__ import annotations

import inspect
import re
from typing import Final

_SECTIONS: Final = r"(?:Args|Arguments|Parameters|Other Parameters|Params|Attributes)"
_GOOGLE_SECTION: Final = re.compile(
    rf"^{_SECTIONS}:[ \t]*\n((?:[ \t]+.*(?:\n|$)|[ \t]*\n)*)", re.MULTILINE
)
_GOOGLE_ITEM: Final = re.compile(
    r"^\*{0,2}(\w+)[ \t]*(?:\([^\n]*?\))?:[ \t]*(.*(?:\n[ \t]+.*|\n[ \t]*$)*)",
    re.MULTILINE,
)
_NUMPY_SECTION: Final = re.compile(
    rf"^{_SECTIONS}[ \t]*\n-{{3,}}[ \t]*\n((?:(?!.*\n-{{3,}}).*(?:\n|$))*)",
    re.MULTILINE,
)
_NUMPY_ITEM: Final = re.compile(
    r"^(\w+(?:, *\w+)*)[ \t]*(?::.*)?\n((?:[ \t]+.*(?:\n|$)|[ \t]*\n)+)", re.MULTILINE
)
_REST_ITEM: Final = re.compile(
    r"^:(?:param(?:eter)?|arg(?:ument)?|key(?:word)?)[ \t]+"
    r"(?:[^:\n]*[ \t])?\*{0,2}(\w+):[ \t]*(.*(?:\n[ \t]+.*)*)",
    re.MULTILINE,
)
_REST_TYPE: Final = re.compile(
    r"^:(?:type|kwtype)[ \t]+\*{0,2}\w+:.*(?:\n[ \t]+.*)*", re.MULTILINE
)


def argument_descriptions(documented: object) -> dict[str, str]:
    """Return the descriptions in the docstring of a function or class, by argument."""
    text = inspect.getdoc(documented) or ""
    return {**_google(text), **_numpy(text), **_rest(text)}


def without_arguments(text: str) -> str:
    """Return a docstring without what it says of each argument.

    Pages show it as Markdown, which would run the arguments together in one paragraph.
    """
    for pattern in (_GOOGLE_SECTION, _NUMPY_SECTION, _REST_ITEM, _REST_TYPE):
        text = pattern.sub("", text)
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text).strip()


def _google(text: str) -> dict[str, str]:
    return {
        name: _joined(description)
        for section in _GOOGLE_SECTION.findall(text)
        for name, description in _GOOGLE_ITEM.findall(inspect.cleandoc(section))
    }


def _numpy(text: str) -> dict[str, str]:
    return {
        name: _joined(description)
        for section in _NUMPY_SECTION.findall(text)
        for names, description in _NUMPY_ITEM.findall(section)
        for name in re.split(r", *", names)
    }


def _rest(text: str) -> dict[str, str]:
    return {
        name: _joined(description) for name, description in _REST_ITEM.findall(text)
    }


def _joined(description: str) -> str:
    """Return a description as running text; its line breaks mean nothing."""
    return " ".join(description.split())
