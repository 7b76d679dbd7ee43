"""What the platform's Gradio page reads of a DEEPaaS server, and how it calls it.

The page (`ai4os/deepaas_ui`) is a side-car of each published deployment. It reads
Swagger 2.0 and nothing else, takes literally what it finds there, and matches what its
user enters with the parameters by position.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One input of the page.

    Attributes:
        name: The parameter's name.
        kind: What the page shows for it: `slider`, `password`, `choice`, or the type.
        default: What it shows at first.
        help: The first paragraph of the description.
        choices: Of a `choice`.
        limits: Of a `slider`.
    """

    name: str
    kind: str
    default: Any = None
    help: str = ""
    choices: tuple[Any, ...] = ()
    limits: tuple[Any, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one model."""

    path: str
    widgets: tuple[Widget, ...]
    media_types: tuple[str, ...]
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The name in the address."""
        return self.path.split("/")[-3]


def read_page(swagger: dict[str, Any]) -> Page:
    """Return the page for the first model in a Swagger document."""
    assert "2.0" == swagger["swagger"]
    path = next(one for one in swagger["paths"] if one.endswith("predict/"))
    operation = swagger["paths"][path]["post"]
    parameters = operation["parameters"]
    assert isinstance(parameters, list)
    assert isinstance(operation["produces"], list)
    names = [one["name"] for one in parameters]
    assert "accept" not in names[:-1], "the page takes `accept` from the last place"
    answer = swagger["definitions"].get("ModelPredictionResponse", {})
    return Page(
        path=path,
        widgets=tuple(_widget(one) for one in parameters),
        media_types=tuple(one for one in operation["produces"] if one != "*/*"),
        outputs=answer.get("properties", {}),
    )


def _widget(parameter: dict[str, Any]) -> Widget:
    return Widget(
        name=parameter["name"],
        kind=_kind(parameter),
        default=parameter.get("default"),
        help=parameter.get("description", "").partition("\n\n")[0],
        choices=tuple(parameter.get("enum", ())),
        limits=_limits(parameter),
    )


def _kind(parameter: dict[str, Any]) -> str:
    if "enum" in parameter:
        return "choice"
    if parameter.get("format") == "password":
        return "password"
    if parameter.get("type") == "integer" and _limits(parameter):
        return "slider"
    return str(parameter.get("type", "string"))


def _limits(parameter: dict[str, Any]) -> tuple[Any, Any] | None:
    if "minimum" in parameter and "maximum" in parameter:
        return parameter["minimum"], parameter["maximum"]
    return None


def call(http: httpx2.Client, page: Page, entered: dict[str, Any]) -> httpx2.Response:
    """Predict as the page does.

    All scalars go into the query, lists repeated; files are multipart; `accept` is both
    a header and an argument; what was left empty is left out.
    """
    kinds = {widget.name: widget.kind for widget in page.widgets}
    filled = {name: value for name, value in entered.items() if value not in (None, "")}
    files = {name: one for name, one in filled.items() if kinds[name] == "file"}
    query = {name: one for name, one in filled.items() if name not in files}
    return http.post(
        page.path,
        params=query,
        files=files or None,
        headers={"accept": entered.get("accept", "application/json")},
    )
