"""What the functions of a V1 model are called with, and what becomes of it."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import deepaas.model
import deepaas.model.v1
from deepaas.errors import (
    InputChoiceError,
    ModelHttpError,
    ModelLoadError,
    OperationNotImplementedError,
)
from deepaas.model.arguments import Inputs, Upload
from deepaas.model.loading import LoadedModel, load_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOP = {"top": {"default": "1", "help": "", "required": False}, "none": {"help": ""}}


@pytest.fixture
def photo(tmp_path: Path) -> Upload:
    path = tmp_path / "upload-0"
    path.write_bytes(b"a rose")
    return Upload(path=str(path), filename="rose.png", content_type="image/png")


def load(**functions: Any) -> LoadedModel:
    return load_object("plants", SimpleNamespace(**functions))


def ask(model: LoadedModel, *form: tuple[str, Any], operation: str = "predict") -> Any:
    found = model.operations[operation]
    assert found.function is not None
    return found.function(**found.signature.bind(Inputs(form=form)))


# ------------------------------------------------------------------ kinds of models


@pytest.mark.parametrize(
    ("offered", "kind"),
    [
        (("predict_data",), "v1"),
        (("predict_url",), "v1"),
        (("get_test_args",), "v1"),
        (("predict_data", "train", "get_train_args", "get_metadata"), "v1"),
        (("predict_data", "predict"), "v2"),
        (("predict_data", "get_predict_args"), "v2"),
        (("get_train_args",), "v2"),
    ],
)
def test_a_model_is_what_it_offers(offered: tuple[str, ...], kind: str) -> None:
    def function(**kwargs: Any) -> dict[str, Any]:
        return {}

    assert kind == load(**dict.fromkeys(offered, function)).kind


def test_the_base_class_is_where_it_was() -> None:
    assert deepaas.model.v1.BaseModel is deepaas.model.BaseModel
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = deepaas.model.Nothing


def test_what_a_class_inherits_is_not_there() -> None:
    class Plants(deepaas.model.v1.BaseModel):
        def predict_url(self, args: Any) -> Any:
            return args.urls

    model = load_object("plants", Plants)

    assert ["predict"] == list(model.operations)
    assert "" == model.operations["predict"].summary
    assert ["x"] == ask(model, ("url", "x"))
    assert "Could not load description" in model.metadata()["description"]


@pytest.mark.parametrize("name", ["get_test_args", "get_train_args"])
def test_a_description_that_fails_is_an_error_of_loading(name: str) -> None:
    def fail() -> None:
        raise ValueError("no configuration")

    with pytest.raises(ModelLoadError, match=f"{name} failed: ValueError: no conf"):
        load(predict_data=print, **{name: fail})


# ----------------------------------------------------------------- ways to be called


def from_args(args: Any) -> Any:
    return args


def from_user_conf(user_conf: Any) -> Any:
    return user_conf


def from_anything(*args: Any, **kwargs: Any) -> Any:
    assert not kwargs
    return args[0]


def from_images(images: Any) -> Any:
    return images


def from_data(data: Any, **kwargs: Any) -> Any:  # as in the base class of 0.5.0
    assert not kwargs
    return data


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*args, **kwargs)


def decorated_well(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrap(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrap


@pytest.mark.parametrize(
    ("function", "has_test_args", "gets"),
    [
        (from_args, True, dict),
        (from_args, False, dict),
        (from_user_conf, False, dict),
        pytest.param(decorated_well(from_args), False, dict, id="decorated well"),
        (from_images, True, dict),
        (from_images, False, list),
        pytest.param(decorated_well(from_images), False, list, id="its list"),
        (from_data, True, dict),
        (from_anything, True, dict),
        (decorated(from_args), True, dict),
        (from_anything, False, list),
        (decorated(from_images), False, list),
    ],
)
@pytest.mark.parametrize("name", ["predict_data", "predict_url"])
def test_a_function_gets_what_its_server_gave_it(
    photo: Upload,
    name: str,
    function: Callable[..., Any],
    has_test_args: bool,
    gets: Any,
) -> None:
    functions: dict[str, Any] = {name: function}
    if has_test_args:
        functions["get_test_args"] = lambda: TOP

    subject: Any = ("data", photo) if name == "predict_data" else ("url", "http://x")
    given = ask(load(**functions), subject)

    assert isinstance(given, gets)
    if name == "predict_url":
        assert ["http://x"] == given["urls"]
    elif gets is list:
        assert [b"a rose"] == given


def test_the_dict_has_all_arguments_as_keys_and_attributes(photo: Upload) -> None:
    model = load(predict_data=from_args, get_test_args=lambda: TOP)

    args = ask(model, ("data", photo), ("top", "3"))

    assert {"top": "3", "none": None, "urls": None} == {
        name: value for name, value in args.items() if name != "files"
    }
    assert ("3", "rose.png") == (args.top, args.files[0].filename)
    with pytest.raises(AttributeError):
        _ = args.nothing


def test_the_list_knows_the_arguments_by_name() -> None:
    urls = ask(load(predict_url=lambda urls: urls), ("url", "http://x"))

    assert ["http://x"] == urls == urls["urls"]
    assert urls.get("files") is None
    assert 5 == urls.get("nothing", 5)


def test_an_argument_may_have_any_name() -> None:
    model = load(
        predict_url=from_args,
        get_test_args=lambda: {"self": {"default": "1"}, "lr-decay": {"default": "2"}},
    )

    args = ask(model, ("url", "x"))

    assert ("1", "2") == (args["self"], args["lr-decay"])


def test_a_file_is_open_while_the_model_has_it(photo: Upload) -> None:
    opened = []

    def predict_data(args: Any) -> bytes:
        opened.extend(args["files"])
        return bytes(args["files"][0].read())

    assert b"a rose" == ask(load(predict_data=predict_data), ("data", photo))
    assert opened[0].stream.closed


@pytest.mark.parametrize(
    ("train", "given"),
    [
        (lambda args: args, {"lr": "0.1"}),
        (lambda *args: args[0].lr, "0.1"),
        (lambda: "nothing", "nothing"),
    ],
)
def test_a_training_gets_one_dict(train: Callable[..., Any], given: Any) -> None:
    model = load(
        predict_url=print, train=train, get_train_args=lambda: {"lr": {"help": ""}}
    )

    assert given == ask(model, ("lr", "0.1"), operation="train")


# ----------------------------------------------------------------------- refusals


@pytest.mark.parametrize("given", ["both", "neither", "blank"])
def test_one_of_data_and_url_is_needed(photo: Upload, given: str) -> None:
    model = load(predict_data=from_args, predict_url=from_args)
    form: dict[str, list[tuple[str, Any]]] = {
        "both": [("data", photo), ("url", "x")],
        "neither": [],
        "blank": [("url", "")],
    }

    with pytest.raises(InputChoiceError, match="either 'url' or 'data'"):
        ask(model, *form[given])


def test_a_text_is_no_file() -> None:
    with pytest.raises(InputChoiceError, match="'data' as a file"):
        ask(load(predict_data=from_args), ("data", "rose.png"))


def test_what_is_not_there_is_not_implemented(photo: Upload) -> None:
    only_url = load(predict_url=from_args)
    only_described = load(get_test_args=lambda: TOP)

    with pytest.raises(OperationNotImplementedError):
        ask(only_url, ("data", photo))
    assert only_described.operations["predict"].function is None


def test_a_function_may_say_that_it_is_not_implemented() -> None:
    def predict_url(args: Any) -> None:
        raise NotImplementedError

    with pytest.raises(ModelHttpError, match="Model does not implement") as raised:
        ask(load(predict_url=predict_url), ("url", "x"))

    assert 501 == raised.value.status


def test_an_argument_cannot_take_the_place_of_data_or_url() -> None:
    model = load(
        predict_url=from_args,
        get_test_args=lambda: {"url": {"default": "x", "help": "Ours"}},
    )

    arguments = model.operations["predict"].signature.arguments
    assert ["data", "url"] == [one.name for one in arguments]
    with pytest.raises(InputChoiceError):
        ask(model)
