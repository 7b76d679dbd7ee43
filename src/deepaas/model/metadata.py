"""What a model says of itself, or what its installed distribution says of it."""

from __future__ import annotations

import importlib.metadata
from typing import Any


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
        about = importlib.metadata.metadata(distribution)
    except importlib.metadata.PackageNotFoundError:
        return {}
    fields = {
        "name": about.get("Name"),
        "version": about.get("Version"),
        "description": about.get("Summary"),
        "author": about.get("Author"),
        "author-email": about.get("Author-email"),
        "license": about.get("License-Expression") or about.get("License"),
        "url": about.get("Home-page") or _first_url(about.get_all("Project-URL") or []),
    }
    return {key: value for key, value in fields.items() if value}


def module_distribution(module: str) -> str:
    """Return the name of the distribution that installed `module`, or empty."""
    top = module.partition(".")[0]
    names = importlib.metadata.packages_distributions().get(top, [])
    return names[0] if names else ""


def _first_url(project_urls: list[str]) -> str:
    return project_urls[0].partition(",")[2].strip() if project_urls else ""
