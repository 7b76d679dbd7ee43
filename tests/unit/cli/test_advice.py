"""What could be better about a model, and what to do."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import Field
from tests.support.distributions import write_distribution
from webargs import fields

import deepaas
from deepaas.cli.advice import findings, has_warm
from deepaas.model.loading import load_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def advice(model: Any, *, distribution: str = "") -> list[tuple[str, str]]:
    loaded = load_object("plants", model)
    loaded.distribution = distribution
    return [(one.level, one.text) for one in findings(loaded)]


def texts(model: Any) -> str:
    return "\n".join(text for _, text in advice(model))


class Exemplary:
    def warm(self) -> None: ...

    def predict(self, top_k: Annotated[int, Field(ge=1, le=9)] = 3) -> list[int]:
        """Name the plant.

        Args:
            top_k: How many.
        """
        return [top_k]


def test_a_model_may_be_without_fault() -> None:
    assert [] == advice(Exemplary)


def bare(x, y: int = 2):  # type: ignore[no-untyped-def]  # that is the subject
    return x, y


@pytest.mark.parametrize(
    ("level", "part"),
    [
        ("warning", "predict has no docstring"),
        ("warning", "predict has no return hint"),
        ("warning", "predict(x): without type hint"),
        ("note", "predict(y): any number is allowed"),
        ("note", "predict(x, y): no description"),
        ("note", "it has no `warm`"),
    ],
)
def test_a_bare_function_could_say_more(level: str, part: str) -> None:
    assert any(level == found and text.startswith(part) for found, text in advice(bare))


def test_the_worst_comes_first() -> None:
    levels = [level for level, _ in advice(bare)]

    assert sorted(levels, reverse=True) == levels


def test_a_model_that_only_trains_is_remarked_upon() -> None:
    def train(epochs: int) -> None:
        """Train."""

    found = texts(SimpleNamespace(train=train))

    assert "it has no `predict`" in found
    assert "501" not in found


def v2(**arguments: Any) -> SimpleNamespace:
    def predict(**kwargs: Any) -> Any:
        """Name the plant."""
        return kwargs

    return SimpleNamespace(predict=predict, get_predict_args=lambda: arguments)


def test_accept_without_choices_is_a_warning() -> None:
    model = v2(accept=fields.Str(load_default="application/json"))

    assert "predict(accept): no choices" in texts(model)


def test_idioms_of_marshmallow_3_are_noted() -> None:
    def get_predict_args() -> dict[str, Any]:
        return {"x": fields.Int(missing=1, description="An x")}

    model = v2()
    model.get_predict_args = get_predict_args

    assert "get_predict_args has keywords that marshmallow 4" in texts(model)
    assert "marshmallow 4" not in texts(v2(x=fields.Int(load_default=1)))


def test_arguments_without_operation_are_a_warning() -> None:
    model = v2()
    model.get_train_args = dict

    assert "there is no `train`: callers get 501" in texts(model)


@pytest.fixture
def require(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Install a distribution that requires something; returns its name."""

    def install(requirement: str) -> str:
        write_distribution(tmp_path, "plants", {})
        [metadata] = tmp_path.glob("*/METADATA")
        metadata.write_text(metadata.read_text() + f"Requires-Dist: {requirement}\n")
        monkeypatch.syspath_prepend(tmp_path)
        return "plants"

    return install


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("deepaas<3", True),
        ("deepaas (>=2.3,<3)", True),
        ("deepaas >=2.3.1, <3.0.0", True),
        ("deepaas==2.5.2", True),
        ("deepaas~=2.4; python_version < '4'", True),
        ("deepaas", False),
        ("deepaas>=2.3.1", False),
        ("deepaas<4", False),
        ("deepaas<3.1", False),
        ("deepaas>=3,<4", False),
        ("deepaas_ui<3", False),
    ],
)
def test_a_pin_on_2x_is_a_warning_with_its_way_out(
    require: Callable[[str], str], requirement: str, *, expected: bool
) -> None:
    found = advice(Exemplary, distribution=require(requirement))

    assert expected == any("Install deepaas last" in text for _, text in found)


@pytest.mark.parametrize(
    ("version", "expected"), [((3, 11), "note"), ((3, 12), "warning")]
)
def test_a_pin_on_webargs_5_needs_an_old_python(
    require: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int],
    expected: str,
) -> None:
    distribution = require("webargs<6")
    monkeypatch.setattr("deepaas.cli.advice.sys", SimpleNamespace(version_info=version))

    [(level, text)] = advice(Exemplary, distribution=distribution)

    assert expected == level
    assert "Python 3.11" in text


def test_an_inherited_warm_is_none() -> None:
    class Plants(deepaas.Model):
        def predict(self) -> int:
            return 1

    assert not has_warm(load_object("plants", Plants))
    assert has_warm(load_object("plants", Exemplary))


# ------------------------------------------------------------------- 0.x and 1.x


def of_2018(**functions: Any) -> Any:
    def predict_data(args: Any) -> None:
        """Name the plant."""

    return SimpleNamespace(**{"predict_data": predict_data} | functions)


@pytest.mark.parametrize(
    ("functions", "level", "part"),
    [
        ({}, "note", "predict_data and predict_url are of DEEPaaS 0.x"),
        ({}, "note", "it has no predict_url: callers who send 'url' get 501"),
        ({"train": print}, "note", "POST to /v2/models/plants/train/"),
        ({"predict_url": print}, "warning", "opens whatever address a caller names"),
        (
            {"get_test_args": lambda: {"top": {"help": ""}}},
            "note",
            "predict(top): no description; add one as its help",
        ),
        ({"predict_data": lambda args: 1}, "warning", "predict_data has no docstring"),
        (
            {"predict_data": None, "get_test_args": dict},
            "warning",
            "get_test_args describes arguments, but there is no `predict_data`",
        ),
    ],
)
def test_a_model_of_2018_is_told_what_to_change(
    functions: dict[str, Any], level: str, part: str
) -> None:
    found = advice(of_2018(**functions))

    assert [level] == [one for one, text in found if part in text], found


def test_what_a_model_of_2018_has_is_not_missed() -> None:
    found = texts(of_2018(predict_url=print))

    assert "it has no predict_" not in found
    assert "train(args)" not in found


def test_a_model_of_2018_has_to_bring_flask_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "flask", raising=False)
    monkeypatch.delitem(sys.modules, "werkzeug", raising=False)
    assert "imports Flask" not in texts(of_2018())

    monkeypatch.setitem(sys.modules, "werkzeug", ModuleType("werkzeug"))
    assert "imports Flask or werkzeug" in texts(of_2018())
