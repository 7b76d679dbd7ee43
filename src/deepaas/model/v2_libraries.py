"""Adapts the libraries of 2.x models, if and when a model imports them.

Published models are written for marshmallow 3 and for the aiohttp of their day. What
we change in those libraries must be in place before the model's code runs, but a
process whose model needs neither must not pay for them (aiohttp alone costs 0.16 s and
15 MB). So each change waits for the import of its module.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
import warnings
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

HTTP_EXCEPTIONS: Final = "aiohttp.web_exceptions"
_MARSHMALLOW_WARNINGS: Final = "marshmallow.warnings"


def quiet_marshmallow() -> None:
    """Switch off marshmallow's warnings about what its version 4 will not have.

    We bring version 3, so nobody has to act on them; nor on those of webargs 5, which
    many models pin, about itself.
    """
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"webargs\b")
    _when_imported(_MARSHMALLOW_WARNINGS, _ignore_warnings)


def allow_any_reason() -> None:
    """Make aiohttp's HTTP exceptions take any object or text as their `reason`.

    Most published models write `HTTPBadRequest(reason=error)`; today's aiohttp fails
    inside the constructor on an exception object and on line breaks.
    """
    _when_imported(HTTP_EXCEPTIONS, _patch_reason)


def _ignore_warnings(module: ModuleType) -> None:
    removed = module.RemovedInMarshmallow4Warning
    for category in {removed, getattr(module, "Marshmallow4Warning", removed)}:
        warnings.filterwarnings("ignore", category=category)


def _patch_reason(module: ModuleType) -> None:
    original = module.HTTPException.__init__
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def init(self: Any, *args: Any, reason: Any = None, **kwargs: Any) -> None:
        if reason is None:
            original(self, *args, **kwargs)
            return
        text = str(reason) or repr(reason)
        original(self, *args, reason=" ".join(text.split()), **kwargs)
        self.args = (text,)  # what str() gives, line breaks and all

    module.HTTPException.__init__ = init


# ----------------------------------------------------------------- import machinery


def _when_imported(name: str, action: Callable[[ModuleType], None]) -> None:
    """Call `action` with the module `name`: now, or when it is imported."""
    if (module := sys.modules.get(name)) is not None:
        action(module)
    elif _Adapter(name, action) not in sys.meta_path:
        sys.meta_path.insert(0, _Adapter(name, action))


class _Adapter(MetaPathFinder):
    """Finds one module as everybody else does, and has it adapted."""

    def __init__(self, name: str, action: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._action = action

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Adapter) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)  # its work is done, and the search starts anew
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _AdaptingLoader(spec.loader, self._action)
        return spec


class _AdaptingLoader(Loader):
    def __init__(self, loader: Loader, action: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._action(module)
