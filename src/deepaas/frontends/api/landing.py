"""What stands at the root: versions and links, for programs and for people.

Programs get the document of 2.x. Browsers get a page that is complete in itself, has no
script, and whose links are relative, so that it works behind proxies.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote

from deepaas.frontends.api.job_documents import OGC_REL
from deepaas.frontends.api.names import model_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.messages import ModelDescription

VersionName = Literal["v1", "v2"]

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>DEEPaaS</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto;
        padding: 0 1rem; color: #222; background: #fff; overflow-wrap: anywhere; }}
dt {{ font-weight: 600; margin-top: 1rem; }}
dd {{ margin: 0; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #181818; }}
                                      a {{ color: #8ab4f8; }} }}
</style>
<h1>DEEPaaS</h1>
<h2>Models</h2>
{models}
<h2>This server</h2>
<ul>
{links}
</ul>
</html>
"""

_JSON: Final = "application/json"

_LINKS: Final = {
    "api": "Try the models on the API page",
    "openapi.json": "Description of the API (OpenAPI 3.1)",
    "swagger.json": "Description of the API for DEEPaaS 2.x clients (Swagger 2.0)",
    "readyz": "Which models are ready",
}


def versions_document(
    *, base_path: str, has_docs: bool, has_v1: bool = False
) -> dict[str, Any]:
    """Return the versions document of 2.x.

    Args:
        base_path: What stands before all paths, such as `/a/b`.
        has_docs: Whether the API page is switched on.
        has_v1: Whether a V1 model is served.
    """
    names: tuple[VersionName, ...] = ("v1", "v2") if has_v1 else ("v2",)
    links = [
        {"rel": "help", "type": "text/html", "href": f"{base_path}/api"},
        {
            "rel": "describedby",
            "type": "application/json",
            "href": f"{base_path}/swagger.json",
        },
    ]
    return {
        "versions": [version_document(name, base_path=base_path) for name in names],
        "links": links if has_docs else links[1:],
    }


def ogc_links(*, root: str, has_docs: bool, has_jobs: bool) -> list[dict[str, str]]:
    """Return where the parts of OGC API Processes are (18-062r2, 7.2).

    Args:
        root: The address of this API, without a final slash.
        has_docs: Whether the API page is switched on.
        has_jobs: Whether there are jobs.
    """
    rows = [
        ("self", "/", _JSON, "This document"),
        ("service-desc", "/openapi.json", _JSON, "The API, for programs"),
        (f"{OGC_REL}/conformance", "/conformance", _JSON, "What is conformed to"),
        (f"{OGC_REL}/processes", "/processes", _JSON, "What can be run"),
    ]
    if has_docs:
        rows.append(("service-doc", "/api", "text/html", "The API, for people"))
    if has_jobs:
        rows.append((f"{OGC_REL}/job-list", "/jobs", _JSON, "What was run"))
    return [
        {"rel": rel, "href": root + path, "type": media_type, "title": title}
        for rel, path, media_type, title in rows
    ]


def version_document(name: VersionName, *, base_path: str) -> dict[str, Any]:
    """Return the document of one version of the API.

    Args:
        name: Of the version.
        base_path: What stands before all paths, such as `/a/b`.
    """
    return {
        "version": "stable" if name == "v2" else "deprecated",
        "id": name,
        "links": [
            {"rel": "self", "type": "application/json", "href": f"{base_path}/{name}/"}
        ],
    }


def landing_page(
    models: Mapping[str, ModelDescription], *, root: str, has_docs: bool
) -> str:
    """Return the page for browsers.

    Args:
        models: What is loaded, by name.
        root: What leads from the page to all paths, see `way_to_root`.
        has_docs: Whether the API page is switched on.
    """
    targets = [target for target in _LINKS if has_docs or target != "api"]
    return _PAGE.format(
        models=_model_list(models, root=root) or "<p>No model is loaded.</p>",
        links="\n".join(
            f'<li><a href="{escape(root + target)}">{_LINKS[target]}</a></li>'
            for target in targets
        ),
    )


def way_to_root(path: str, *, base_path: str) -> str:
    """Return what leads from the page to the root of all paths.

    It is relative, because there may be a proxy of which nobody has told us. Only where
    we know of one that takes its part of the path away, nobody can say whether there
    was a slash behind it, and the way is absolute.

    Args:
        path: Of the page, as it was asked for, decoded. Where no slash is behind it, a
            browser replaces the last part of it.
        base_path: What stands before all paths, as addresses are written.
    """
    if path.rstrip("/") != unquote(base_path):
        return f"{base_path}/"
    last = "" if path.endswith("/") else base_path.rpartition("/")[2]
    return f"./{last}/" if last else "./"


def _model_list(models: Mapping[str, ModelDescription], *, root: str) -> str:
    items = [
        f'<dt><a href="{escape(root + model_path(name).lstrip("/"))}">'
        f"{escape(name)}</a></dt>\n<dd>{escape(_description(model))}</dd>"
        for name, model in models.items()
    ]
    return "<dl>\n{}\n</dl>".format("\n".join(items)) if items else ""


def _description(model: ModelDescription) -> str:
    metadata = model.metadata
    return str(metadata.get("description") or metadata.get("summary") or "")
