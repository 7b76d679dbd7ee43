"""A parser that finds models wherever they stand among the options."""

from __future__ import annotations

import argparse
from typing import Any


class ModelParser(argparse.ArgumentParser):
    """Takes `a.py --workers 2 b.py` as `--workers 2 a.py b.py`.

    argparse gives a repeated positional argument the first words that stand together,
    and calls the later ones unrecognized.
    """

    def parse_known_args(  # type: ignore[override]  # argparse declares overloads
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and count later words as models where the command takes models."""
        parsed, rest = super().parse_known_args(args, namespace)
        if isinstance(getattr(parsed, "models", None), list):
            parsed.models += [word for word in rest if not word.startswith("-")]
            rest = [word for word in rest if word.startswith("-")]
        if rest and hasattr(parsed, "words"):
            self.error(
                f"{self.prog} has no option {rest[0]}; those of the model stand after "
                f"it: {self.prog} MODEL {rest[0]} ..."
            )
        return parsed, rest
