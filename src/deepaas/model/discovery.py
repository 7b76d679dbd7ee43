"""Where models come from: names become references, and nothing is imported.

A *reference* says where a worker finds a model: `package.module`,
`package.module:object`, `/folder/plants.py` or `/folder/plants.py:object`. The user may
also name an entry point that an installed package offers, and may choose the name under
which a model is served: `rose=plants.py`.

The server calls this module, so it must stay cheap and must never run a model's code.
"""

from __future__ import annotations

import difflib
import importlib.util
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepaas.errors import ConfigurationError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GROUPS: Final = ("deepaas.model", "deepaas.v2.model")
"""Entry point groups, ours first: the same name in both means ours, unless what it
offers there is of an older kind (see `deepaas.model.loading`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReference:
    """A model that was found but not imported.

    Attributes:
        name: The name in addresses.
        references: Where a worker finds it; of several the newest kind is served.
        distribution: The installed distribution that offers it, or empty.
    """

    name: str
    references: tuple[str, ...]
    distribution: str = ""


def installed_models() -> dict[str, ModelReference]:
    """Return the models that installed packages offer, by name, in order of name."""
    found: dict[str, ModelReference] = {}
    offered = metadata.entry_points()  # once: it reads a file of each distribution
    for group in GROUPS:
        for entry_point in offered.select(group=group):
            known = found.get(entry_point.name)
            others = known.references if known else ()
            found[entry_point.name] = ModelReference(
                name=entry_point.name,
                references=tuple(dict.fromkeys((*others, entry_point.value))),
                distribution=_distribution_name(entry_point),
            )
    return dict(sorted(found.items()))


def find_models(wanted: Sequence[str]) -> list[ModelReference]:
    """Return the models that the user asked for, or all installed ones.

    Args:
        wanted: Entry point names, modules, `module:object`s or `.py` files, each
            optionally as `NAME=REFERENCE`.

    Raises:
        ModelLoadError: One of them does not exist, or none is installed.
        ConfigurationError: Two models have the same name.
    """
    installed = installed_models()
    if not wanted:
        if not installed:
            raise ModelLoadError(
                "(none)",
                "no installed package offers a model; name a file, such as "
                "`deepaas serve plants.py`, or install a package with an entry point "
                f"in {GROUPS[0]!r}.",
            )
        return list(installed.values())
    found = [_find(text, installed=installed) for text in wanted]
    for model in found:
        _refuse_unaddressable(model)
    _refuse_duplicates(found)
    return found


def split_reference(reference: str) -> tuple[str, str]:
    """Return module or file, and the name of the object in it (or empty)."""
    source, separator, attribute = reference.rpartition(":")
    return (source, attribute) if separator else (reference, "")


def is_file(source: str) -> bool:
    """Tell whether the first half of a reference is a file and not a module."""
    return source.endswith(".py")


def _find(text: str, *, installed: dict[str, ModelReference]) -> ModelReference:
    name, separator, reference = text.partition("=")
    if not separator:
        name, reference = "", text
    if reference in installed:
        model = installed[reference]
        return ModelReference(
            name=name or model.name,
            references=model.references,
            distribution=model.distribution,
        )
    source, attribute = split_reference(reference)
    if is_file(source):
        resolved = _resolve_file(source, attribute, text=text)
    else:
        _require_module(source, text=text, known=installed)
        resolved = reference
    return ModelReference(
        name=name or _name_from(source, attribute), references=(resolved,)
    )


def _name_from(source: str, attribute: str) -> str:
    if attribute:
        return attribute.rpartition(".")[2]
    return Path(source).stem if is_file(source) else source.rpartition(".")[2]


def _resolve_file(source: str, attribute: str, *, text: str) -> str:
    path = Path(source).expanduser().resolve()
    if not path.is_file():
        raise ModelLoadError(text, f"there is no file {source!r} in {Path.cwd()}.")
    return f"{path}:{attribute}" if attribute else str(path)


def _require_module(source: str, *, text: str, known: Iterable[str]) -> None:
    # Only the first part is looked up: find_spec imports the parents of the others.
    top = source.partition(".")[0]
    if top.isidentifier() and (_is_in_cwd(top) or importlib.util.find_spec(top)):
        return
    names = list(known)
    near = difflib.get_close_matches(source, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    have = f"Installed models: {', '.join(names)}." if names else "None is installed."
    raise ModelLoadError(
        text, f"no installed model, module or file has this name; {hint}{have}"
    )


def _is_in_cwd(module: str) -> bool:
    return Path(f"{module}.py").is_file() or Path(module).is_dir()


def _refuse_unaddressable(model: ModelReference) -> None:
    if not model.name.isprintable() or "/" in model.name or model.name in (".", ".."):
        raise ConfigurationError(
            f"{model.name!r} cannot be a model's name, because it could not stand in "
            f"an address; give another: NAME={model.references[0]}"
        )


def _refuse_duplicates(models: Iterable[ModelReference]) -> None:
    seen: dict[str, ModelReference] = {}
    for model in models:
        if model.name in seen:
            raise ConfigurationError(
                f"Two models are called {model.name!r} "
                f"({seen[model.name].references[0]} and {model.references[0]}); give "
                f"one another name: OTHER={model.references[0]}"
            )
        seen[model.name] = model


def _distribution_name(entry_point: metadata.EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else ""
