"""JSON as 2.x declares it."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse


class V2JSONResponse(JSONResponse):
    """JSON with the charset that nobody needs and 2.x clients are used to."""

    def init_headers(self, headers: Any = None) -> None:
        """Declare the charset."""
        super().init_headers(headers)
        self.headers["content-type"] = "application/json; charset=utf-8"
