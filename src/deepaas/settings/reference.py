"""Writes the reference page of the settings from the tree itself.

    python -m deepaas.settings.reference docs/reference/settings.md

What stands above a mark in the page is written by hand; what stands below is made
here. A test tells when it is out of date.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas.settings import names
from deepaas.settings.tree import PROFILES, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.settings.names import Setting

MARK: Final = "<!-- From here on made by `python -m deepaas.settings.reference`. -->\n"


def with_settings(page: str) -> str:
    """Return the page with the part below the mark made anew."""
    head, mark, _ = page.partition(MARK)
    return head + mark + "\n" + "\n".join([*_sections(), *_variables()])


def _sections() -> Iterator[str]:
    settings = list(names.all_settings().values())
    for name, field in Settings.model_fields.items():
        text = inspect.getdoc(field.annotation)
        within = [one for one in settings if one.key.startswith(f"{name}.")]
        if within:
            yield f"## {name}\n\n{text}\n"
            yield from map(_entry, within)
    yield "## Without a group\n"
    yield from (_entry(one) for one in settings if "." not in one.key)


def _entry(setting: Setting) -> str:
    facts = [
        f"Value: {setting.allowed}",
        f"Default: {_defaults(setting)}",
        _listed("Option", _options(setting.key)),
        f"Variable: `{setting.variable}`",
        _listed("In 2.x", _v2_names(setting.key)),
    ]
    items = "\n".join(f"- {fact}" for fact in facts if fact)
    return f"### `{setting.key}`\n\n{setting.text}\n\n{items}\n"


def _defaults(setting: Setting) -> str:
    found = [_value(setting.default)]
    run = PROFILES["run"].get(setting.key, setting.default)
    if run != setting.default:
        found.append(f"with `deepaas-run` {_value(run)}")
    action = PROFILES["openwhisk"].get(setting.key, setting.default)
    if action != run:
        found.append(f"with `--openwhisk` {_value(action)}")
    return "; ".join(found)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text else "none"


def _options(key: str) -> list[str]:
    options = names.option_keys(with_own=True)
    switches = [
        name for name, (target, _) in names.V2_SWITCHES.items() if target == key
    ]
    return [
        *(f"--{name}" for name, target in options.items() if target == key),
        *(f"--{name.replace('_', '-')}" for name in switches),
    ]


def _v2_names(key: str) -> list[str]:
    found = [name for name, target in names.V2_NAMES.items() if target == key]
    return found + [
        name for name, (target, _) in names.V2_SWITCHES.items() if target == key
    ]


def _listed(title: str, words: list[str]) -> str:
    return f"{title}: {', '.join(f'`{word}`' for word in words)}" if words else ""


def _variables() -> Iterator[str]:
    yield "## Other variables\n\n| Variable | Meaning |\n| --- | --- |"
    for name, text in names.OTHER_VARIABLES.items():
        yield f"| `{name}` | {text} |"
    yield ""


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_settings(path.read_text("utf-8")), "utf-8")
