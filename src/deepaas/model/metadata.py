"""What a model says of itself, or what its installed distribution says of it."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def distribution_metadata(distribution: str) -> dict[str, Any]:
    """Return a model's metadata from the distribution that brings it.

    Args:
        distribution: Its name; empty or unknown gives an empty result.

    Returns:
        `name`, `version`, `description`, `author`, `author-email`, `license` and
        `url`, as far as the distribution states them.
    """
    if not distribution:
        return {}
    try:
        about = importlib.metadata.metadata(distribution).json
    except importlib.metadata.PackageNotFoundError:
        return {}
    fields = {
        "name": about.get("name"),
        "version": about.get("version"),
        "description": about.get("summary"),
        "author": about.get("author"),
        "author-email": about.get("author_email"),
        "license": about.get("license_expression") or about.get("license"),
        "url": about.get("home_page") or _first_url(about.get("project_url", ())),
    }
    return {key: value for key, value in fields.items() if value}


def module_distribution(module: str) -> str:
    """Return the name of the distribution that installed `module`, or empty."""
    top = module.partition(".")[0]
    names = importlib.metadata.packages_distributions().get(top, [])
    return names[0] if names else ""


def _first_url(project_urls: Sequence[str]) -> str:
    return project_urls[0].partition(",")[2].strip() if project_urls else ""
