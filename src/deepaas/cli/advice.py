"""What could be better about a model that loads: rules, each with its remedy.

An *error* keeps the model from being served; a *warning* will bite somebody; a *note*
is good to know.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from deepaas.model.hints import underlying
from deepaas.model.interface import OPERATIONS, Model
from deepaas.model.v1.base import offered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepaas.model.arguments import Argument
    from deepaas.model.loading import LoadedModel, Operation

Level = Literal["error", "warning", "note"]

_OLD_DEEPAAS: Final = re.compile(r"(<|<=|==|===|~=)\s*[0-2]\b|<\s*3(\.0)*(?![.\d])")
_OLD_WEBARGS: Final = re.compile(r"(<|<=|==|===|~=)\s*[0-5]\b|<\s*6(\.0)*(?![.\d])")
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)")

_BOUNDS: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "const"}
)


class Finding(msgspec.Struct, kw_only=True):
    """Something that whoever owns the model should know.

    Attributes:
        level: How much it matters.
        text: What it is, and what to do.
    """

    level: Level
    text: str


def findings(model: LoadedModel) -> list[Finding]:
    """Return all that could be better about a model, the worst first."""
    found = [
        *_of_operations(model),
        *(_of_v2(model) if model.kind == "v2" else ()),
        *(_of_v1(model) if model.kind == "v1" else ()),
        *_of_requirements(model.distribution),
    ]
    if not has_warm(model):
        found.append(
            _note(
                "it has no `warm`; what is loaded during the first prediction of each "
                "worker, its caller waits for"
            )
        )
    return sorted(found, key=lambda one: ["error", "warning", "note"].index(one.level))


def has_warm(model: LoadedModel) -> bool:
    """Return whether the model has a `warm` of its own."""
    warm = getattr(model.target, "warm", None)
    return callable(warm) and getattr(warm, "__func__", None) is not Model.warm


# --------------------------------------------------------------------- operations


def _of_operations(model: LoadedModel) -> Iterator[Finding]:
    if "predict" not in model.operations:
        yield _warning("it has no `predict`: nobody can ask it for predictions")
    for operation in model.operations.values():
        if operation.function is None:
            is_v1 = model.kind == "v1" and operation.name == "predict"
            word, what = ("test", "predict_data") if is_v1 else (operation.name,) * 2
            yield _warning(
                f"get_{word}_args describes arguments, but there is no `{what}`: "
                "callers get 501"
            )
        elif operation.name == "predict":
            yield from _of_predict(operation, kind=model.kind)


def _of_predict(operation: Operation, *, kind: str) -> Iterator[Finding]:
    if not operation.summary:
        name = "predict_data" if kind == "v1" else "predict"
        yield _warning(f"{name} has no docstring; its first line tells callers what")
    if kind == "native":
        yield from _of_hints(operation)
    yield from _of_arguments(operation.signature.arguments, kind=kind)


def _of_hints(operation: Operation) -> Iterator[Finding]:
    function = underlying(operation.function) if operation.function else None
    hints = getattr(function, "__annotations__", {})
    if "return" not in hints:
        yield _warning(
            "predict has no return hint, so nobody is told what it gives; write "
            "`-> float`, or a pydantic model"
        )
    bare = [one.name for one in operation.signature.arguments if _is_bare(one)]
    if bare:
        yield _warning(
            f"predict({', '.join(bare)}): without type hint any value is let "
            f"through; write `{bare[0]}: float`"
        )


def _is_bare(argument: Argument) -> bool:
    return not argument.schema.keys() - {"default", "description"}


def _of_arguments(arguments: Sequence[Argument], *, kind: str) -> Iterator[Finding]:
    unbounded = [one.name for one in arguments if _is_unbounded(one)]
    if unbounded:
        how = (
            "validate.Range(min=1, max=10)"
            if kind == "v2"
            else "Annotated[int, Field(ge=1, le=10)]"
        )
        yield _note(
            f"predict({', '.join(unbounded)}): any number is allowed; "
            f"{how} would refuse what makes no sense"
        )
    silent = [one.name for one in arguments if not one.description]
    if silent:
        how = {"native": "below Args: in its docstring", "v1": "as its help"}.get(
            kind, "in metadata"
        )
        yield _note(f"predict({', '.join(silent)}): no description; add one {how}")


def _is_unbounded(argument: Argument) -> bool:
    schema = argument.schema
    return schema.get("type") in {"integer", "number"} and _BOUNDS.isdisjoint(schema)


# ------------------------------------------------------------------------- 2.x


def _of_v2(model: LoadedModel) -> Iterator[Finding]:
    for name in OPERATIONS:
        get_args = getattr(model.target, f"get_{name}_args", None)
        if callable(get_args) and _is_deprecated(get_args):
            yield _note(
                f"get_{name}_args has keywords that marshmallow 4 will not have, such "
                "as missing= or description= outside of metadata=; DEEPaaS brings "
                "marshmallow 3, so they work"
            )
    predict = model.operations.get("predict")
    if predict is None:
        return
    if not hasattr(model.target, "get_predict_args"):
        yield _note("it has no get_predict_args, so its predict takes no arguments")
    accept = [one for one in predict.signature.arguments if one.name == "accept"]
    if accept and len(accept[0].schema.get("enum", ())) < 2:
        yield _warning(
            "predict(accept): no choices, so callers cannot know the media types; add "
            'validate=validate.OneOf(["application/json", "image/png"])'
        )


# ----------------------------------------------------------------- 0.x and 1.x


def _of_v1(model: LoadedModel) -> Iterator[Finding]:
    yield _note(
        "predict_data and predict_url are of DEEPaaS 0.x: one function such as "
        "`predict(photo: deepaas.File, top: int = 1) -> list[Label]` takes their "
        "place; its hints and defaults say, and check, what get_test_args says"
    )
    if offered(model.target, "train"):
        yield _note(
            "train(args) gets one dict of texts: write `train(epochs: int = 3)`. PUT "
            "at /v1/models/ answers when it is over; POST to "
            f"/v2/models/{model.name}/train/ answers at once, with a job"
        )
    if offered(model.target, "predict_url"):
        yield _warning(
            "predict_url opens whatever address a caller names, from where this model "
            "runs: let it refuse those of your own network, or take the file instead"
        )
    absent = [
        one for one in ("data", "url") if not offered(model.target, f"predict_{one}")
    ]
    if len(absent) == 1:
        yield _note(
            f"it has no predict_{absent[0]}: callers who send {absent[0]!r} get 501"
        )
    if "flask" in sys.modules or "werkzeug" in sys.modules:
        yield _note(
            "it imports Flask or werkzeug, which DEEPaaS no longer brings: require "
            "them, or raise deepaas.InvalidInputError for BadRequest and return "
            "deepaas.File for send_file"
        )


def _is_deprecated(get_args: Any) -> bool:
    """Return whether making the fields warns of what marshmallow 4 will not have."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            get_args()
        except Exception:  # noqa: BLE001 - loading the model has dealt with it
            return False
    return any("Marshmallow4" in one.category.__name__ for one in caught)


# ----------------------------------------------------------------- requirements


def _of_requirements(distribution: str) -> Iterator[Finding]:
    for name, versions in _requirements(distribution):
        if name == "deepaas" and _OLD_DEEPAAS.search(versions):
            yield _warning(
                f"{distribution} requires deepaas{versions}: pip would bring 2.x back. "
                "Install deepaas last, or lift the requirement"
            )
        if name == "webargs" and _OLD_WEBARGS.search(versions):
            yield _of_old_webargs(f"{distribution} requires webargs{versions}")


def _of_old_webargs(fact: str) -> Finding:
    text = f"{fact}, and webargs 5 needs Python 3.11, the last with distutils"
    return _warning(text) if sys.version_info >= (3, 12) else _note(text)


def _requirements(distribution: str) -> Iterator[tuple[str, str]]:
    if not distribution:
        return
    try:
        required = importlib.metadata.requires(distribution) or ()
    except importlib.metadata.PackageNotFoundError:
        return
    for text in required:
        if match := _REQUIREMENT.match(text):
            yield match[1].lower(), match[2].strip()


def _warning(text: str) -> Finding:
    return Finding(level="warning", text=text)


def _note(text: str) -> Finding:
    return Finding(level="note", text=text)
