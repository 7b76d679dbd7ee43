"""The API page: Swagger UI, from the files of the package `fastapi-swagger`.

Nothing is loaded from elsewhere, so the page works without internet, and it has no
inline script, so its content security policy can forbid all of them. Its settings stand
in a script of their own and cannot be changed by the page's address.

All addresses are relative to the page, which is at `api` below the base path.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        # Swagger UI styles elements one by one, and shows answers from memory.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""The Content-Security-Policy header of our pages."""

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>DEEPaaS API</title>
<link rel="icon" href="static/swagger/favicon-32x32.png">
<link rel="stylesheet" href="static/swagger/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="static/swagger/swagger-ui-bundle.js"></script>
<script src="static/swagger/start.js"></script>
</html>
"""

_START: Final = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  queryConfigEnabled: false,
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  deepLinking: true,
});
"""

_MEDIA_TYPES: Final = {
    "favicon-32x32.png": "image/png",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}


def docs_html() -> str:
    """Return the page."""
    return _PAGE


def asset(name: str) -> tuple[bytes, str] | None:
    """Return a file of the page and its media type, or None if there is none.

    Args:
        name: What stands behind `static/swagger/` in its address.
    """
    if name == "start.js":
        return _START.encode("ascii"), "text/javascript"
    if name not in _MEDIA_TYPES:
        return None
    return (_folder() / name).read_bytes(), _MEDIA_TYPES[name]


@cache
def _folder() -> Path:
    """Return where the package keeps its files, without importing it.

    Its import would bring in code of its own that patches applications.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    spec = importlib.util.find_spec("fastapi_swagger")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the package fastapi-swagger is not installed")
    return Path(spec.origin).parent / "resources"
