"""Imports a model and says what it is.

This runs in a worker, or in a command that works without a server, and is the only
place that imports a model's code. A model is classified by what it offers, never by the
entry point group that names it:

* `v2`: it has a `get_*_args`, or operations that take only `**kwargs`, or it derives
  from the 2.x base class, or it has metadata and no operation yet, as 2.x's template;
* `v1`: it has `predict_data`, `predict_url` or `get_test_args`, and no `predict`;
* `native`: everything else.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from deepaas.errors import ModelLoadError
from deepaas.model import outputs, signature
from deepaas.model.discovery import is_file, split_reference
from deepaas.model.docstrings import without_arguments
from deepaas.model.injection import NOTHING_INJECTED, Injected, injected
from deepaas.model.interface import (
    LEGACY_KINDS,
    NO_RECOVERY,
    OPERATIONS,
    BatchSettings,
    Model,
    RecoverySettings,
    batch_settings,
    recovery_settings,
)
from deepaas.model.job import AS_INSTALLED, Job, Version
from deepaas.model.metadata import distribution_metadata, module_distribution
from deepaas.model.v2_libraries import allow_any_reason, quiet_marshmallow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepaas.model.arguments import Signature
    from deepaas.model.results import ResultCodec

_V1_NAMES: Final = ("predict_data", "predict_url", "get_test_args")
_BROUGHT_BY_V1: Final = ("flask", "werkzeug")
_KINDS_NEWEST_FIRST: Final = ("native", "v2", "v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a loaded model.

    Attributes:
        function: What to call, or None for a model that describes the arguments of an
            operation that it does not have.
        batch: Set where one call of the function answers several callers.
        is_async: Whether the function is a coroutine function or async generator.
        injected: Which of its arguments are filled in by us.
        recovery: What its author asked for should a job of it be cut off or fail.
        summary: First paragraph of its docstring, on one line.
        description: Its whole docstring.
    """

    name: str
    function: Callable[..., Any] | None
    signature: Signature
    codec: ResultCodec
    batch: BatchSettings | None = None
    is_async: bool = False
    injected: Injected = NOTHING_INJECTED
    recovery: RecoverySettings = NO_RECOVERY
    summary: str = ""
    description: str = ""


@dataclass(slots=True, kw_only=True)
class LoadedModel:
    """A model that lives in this process.

    Attributes:
        name: Its name in addresses.
        kind: `native`, `v2` or `v1`.
        target: The module or instance that offers the operations.
        operations: Those that it has or describes, by name.
        distribution: The installed distribution that brings it, or empty.
        version: The version that this process serves.
    """

    name: str
    kind: str
    target: Any
    operations: dict[str, Operation] = field(default_factory=dict)
    distribution: str = ""
    version: Version = AS_INSTALLED

    def warm(self) -> Any:
        """Call the model's `warm`, if it has one; returns what an async one returns."""
        return _call_hook(self.target, "warm", version=self.version)

    def close(self) -> None:
        """Call the model's `close`, if it has one."""
        if self.kind == "native":  # 2.x knows no such hook; it may mean anything there
            _call_hook(self.target, "close", version=self.version)

    def metadata(self) -> dict[str, Any]:
        """Return what the model says of itself, else what its distribution says."""
        get_metadata = getattr(self.target, "get_metadata", None)
        if callable(get_metadata):
            try:
                return dict(get_metadata())
            except NotImplementedError:
                pass
            except AttributeError:
                if self.kind == "native":  # 2.x took it for a model without metadata
                    raise
        found = distribution_metadata(self.distribution)
        return found or {"description": _default_description(self)}


def load_model(
    name: str,
    *,
    references: Sequence[str],
    distribution: str = "",
    version: Version = AS_INSTALLED,
) -> LoadedModel:
    """Import a model and read its operations.

    Args:
        name: Its name in addresses.
        references: Where it is; of several the one of the newest kind is taken.
        distribution: The installed distribution that offers it, or empty.
        version: The version that is to be served.

    Raises:
        ModelLoadError: It cannot be imported, or offers nothing that can be served.
    """
    quiet_marshmallow()
    targets = [_find_target(name, reference=reference) for reference in references]
    kinds = [_classify(target) for target in targets]
    newest = kinds.index(min(kinds, key=_KINDS_NEWEST_FIRST.index))
    model = _read_model(
        name,
        targets[newest],
        kind=kinds[newest],
        distribution=distribution or _distribution(references[newest]),
    )
    model.version = version
    return model


def load_object(name: str, model: Any) -> LoadedModel:
    """Read the operations of a model that is in this process already.

    Args:
        name: Its name in addresses.
        model: A module, class, instance or function.

    Raises:
        ModelLoadError: It offers nothing that can be served.
    """
    quiet_marshmallow()
    target = _instantiate(name, model)
    return _read_model(name, target, kind=_classify(target), distribution="")


def _read_model(name: str, target: Any, *, kind: str, distribution: str) -> LoadedModel:
    if kind in LEGACY_KINDS:
        allow_any_reason()
    model = LoadedModel(name=name, kind=kind, target=target, distribution=distribution)
    read = {
        "native": _read_native_operation,
        "v2": _read_v2_operation,
        "v1": _read_v1_operation,
    }
    for operation_name in OPERATIONS:
        operation = read[kind](model, operation_name)
        if operation is not None:
            model.operations[operation_name] = operation
    if kind == "native" and not model.operations:
        raise ModelLoadError(
            name,
            f"{_describe(target)} offers none of predict, train and validate; define "
            "a function `predict`.",
        )
    return model


# -------------------------------------------------------------------- the object


def _find_target(name: str, *, reference: str) -> Any:
    """Return the module or instance behind `reference`."""
    source, attribute = split_reference(reference)
    try:
        module = _import_file(source) if is_file(source) else _import_module(source)
        return _instantiate(name, _named(name, module, path=attribute))
    except ModelLoadError:
        raise
    except SystemExit as error:
        raise ModelLoadError(
            name, f"its code called sys.exit({error.code!r}) while it was imported."
        ) from error
    except Exception as error:
        raise ModelLoadError(
            name, _short(error) + _remedy(error), traceback=traceback.format_exc()
        ) from error


def _named(name: str, module: ModuleType, *, path: str) -> Any:
    """Return what `path`, attributes with dots between, leads to within a module."""
    found: Any = module
    for part in path.split(".") if path else ():
        if not hasattr(found, part):
            raise ModelLoadError(
                name,
                f"{_describe(module)} has no {path!r}; name something that it defines, "
                "or the module alone.",
            )
        found = getattr(found, part)
    return found


def _import_module(module: str) -> ModuleType:
    """Import a module that is installed, else one in the working directory."""
    # Not for an installed one: a checkout is often started from the folder above it,
    # which then looks like a namespace package and hides what pip installed from it.
    top = module.partition(".")[0]
    if top not in sys.modules and importlib.util.find_spec(top) is None:
        sys.path.append(str(Path.cwd()))
    return importlib.import_module(module)


def _import_file(path: str) -> ModuleType:
    """Import a file under its stem; its folder is importable, as for a script."""
    stem = Path(path).stem
    folder = str(Path(path).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[stem] = module
    spec.loader.exec_module(module)
    return module


def _distribution(reference: str) -> str:
    """Return the distribution that brings a module; a lone file has none."""
    source, _ = split_reference(reference)
    return "" if is_file(source) else module_distribution(source)


def _instantiate(name: str, found: Any) -> Any:
    if not inspect.isclass(found):
        return found
    try:
        inspect.signature(found).bind()
    except TypeError as error:
        raise ModelLoadError(
            name,
            f"class {found.__name__} needs arguments ({error}); give __init__ defaults "
            "or name an instance instead of the class.",
        ) from error
    return found()


def _classify(target: Any) -> str:
    if _is_plain_function(target):
        return "v2" if _takes_only_kwargs(target) else "native"
    if _is_v1(target):
        return "v1"
    if any(_has(target, f"get_{operation}_args") for operation in OPERATIONS):
        return "v2"
    if _is_v2_base_model(target):
        return "v2"
    functions = [f for op in OPERATIONS if callable(f := getattr(target, op, None))]
    if functions:
        return "v2" if all(map(_takes_only_kwargs, functions)) else "native"
    return "v2" if _has(target, "get_metadata") else "native"


def _has(target: Any, name: str) -> bool:
    return callable(getattr(target, name, None))


def _is_v1(target: Any) -> bool:
    is_newer = _has(target, "predict") or _has(target, "get_predict_args")
    return not is_newer and any(_has(target, name) for name in _V1_NAMES)


def _is_v2_base_model(target: Any) -> bool:
    base = sys.modules.get("deepaas.model.v2.base")
    return base is not None and isinstance(target, base.BaseModel)


def _is_plain_function(target: Any) -> bool:
    is_module = isinstance(target, ModuleType)
    return (
        callable(target)
        and not is_module
        and not any(_has(target, operation) for operation in OPERATIONS)
    )


def _takes_only_kwargs(function: Any) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return [one.kind for one in parameters] == [inspect.Parameter.VAR_KEYWORD]


# ---------------------------------------------------------------- its operations


def _read_native_operation(model: LoadedModel, name: str) -> Operation | None:
    function = _find_function(model.target, name)
    if function is None:
        return None
    summary, description = _documentation(function)
    return Operation(
        name=name,
        function=function,
        signature=signature.read_signature(function, model=model.name, operation=name),
        codec=outputs.read_codec(function, model=model.name, operation=name),
        batch=batch_settings(function),
        is_async=_is_async(function),
        injected=injected(function),
        recovery=recovery_settings(function),
        summary=summary,
        description=without_arguments(description),
    )


def _read_v2_operation(model: LoadedModel, name: str) -> Operation | None:
    # Imported here: marshmallow costs a native model's worker 60 ms for nothing.
    from deepaas.model import legacy

    function = _find_function(model.target, name)
    fields = _declared_arguments(model, f"get_{name}_args")
    if function is None and fields is None:
        return None
    v2_signature = legacy.read_signature(fields or {}, model=model.name, operation=name)
    summary, description = _documentation(function)
    return Operation(
        name=name,
        function=function,
        signature=v2_signature,
        codec=legacy.read_codec(
            v2_signature,
            schema=getattr(model.target, "schema", None) if name == "predict" else None,
            model=model.name,
            operation=name,
        ),
        is_async=_is_async(function),
        summary=summary,
        description=description,
    )


def _read_v1_operation(model: LoadedModel, name: str) -> Operation | None:
    # Imported here, as in `_read_v2_operation`.
    from deepaas.model.v1.operations import read_predict, read_train

    read = {"predict": read_predict, "train": read_train}.get(name)
    if read is None:
        return None
    word = "test" if name == "predict" else name
    declared = _declared_arguments(model, f"get_{word}_args")
    found = read(model.target, declared=declared, model=model.name)
    if found is None:
        return None
    summary, description = _documentation(found.documented)
    return Operation(
        name=name,
        function=found.function,
        signature=found.signature,
        codec=found.codec,
        summary=summary,
        description=description,
    )


def _declared_arguments(model: LoadedModel, function: str) -> Any:
    """Return what a model of 2.x or V1 says of its arguments, or None."""
    get_args = getattr(model.target, function, None)
    if not callable(get_args):
        return None
    try:
        return get_args()
    except NotImplementedError:
        return None
    except Exception as error:
        raise ModelLoadError(
            model.name,
            f"{function} failed: {_short(error)}",
            traceback=traceback.format_exc(),
        ) from error


def _find_function(target: Any, name: str) -> Callable[..., Any] | None:
    if _is_plain_function(target):
        return target if name == "predict" else None
    function = getattr(target, name, None)
    return function if callable(function) else None


def _is_async(function: Any) -> bool:
    unwrapped = inspect.unwrap(function) if function else None
    return inspect.iscoroutinefunction(unwrapped) or inspect.isasyncgenfunction(
        unwrapped
    )


def _documentation(function: Any) -> tuple[str, str]:
    # `inspect.getdoc` would go on to our base classes, which speak to authors.
    text = inspect.cleandoc(getattr(function, "__doc__", None) or "")
    return " ".join(text.partition("\n\n")[0].split()), text


# ------------------------------------------------------------------------- words


def _call_hook(target: Any, name: str, *, version: Version) -> Any:
    hook = getattr(target, name, None)
    inherited = getattr(Model, name, None)
    if not callable(hook) or getattr(hook, "__func__", hook) is inherited:
        return None
    try:
        return hook(**injected(hook).values(job=Job(), version=version))
    except NotImplementedError:
        return None


def _default_description(model: LoadedModel) -> str:
    if model.kind in LEGACY_KINDS:
        return (
            f"Could not load description from underlying model (loaded '{model.name}')"
        )
    text = inspect.getdoc(model.target) or ""
    if not text and "predict" in model.operations:
        text = model.operations["predict"].summary
    return " ".join(text.partition("\n\n")[0].split())


def _describe(target: Any) -> str:
    if isinstance(target, ModuleType):
        where = target.__file__ or target.__name__
        return f"module {target.__name__} ({os.path.relpath(where)})"
    return f"{type(target).__name__} object"


def _remedy(error: Exception) -> str:
    """Return what to do about an error while a model was imported, or empty."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing not in _BROUGHT_BY_V1:
        return ""
    return f"; DEEPaaS 0.x brought {missing} along: pip install 'deepaas[v1]'."


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
