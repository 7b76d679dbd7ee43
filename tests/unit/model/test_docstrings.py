from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.model.docstrings import argument_descriptions, without_arguments


def google() -> None:
    """Name the plant.

    Args:
        photo: A photo of one plant,
            in daylight: no night.

            Second paragraph.
        top_k (int, optional): How many labels to return.
        **rest: More.

    Returns:
        labels: Best first.
    """


def numpy() -> None:
    """Name the plant.

    Parameters
    ----------
    photo : PIL.Image.Image
        A photo of one plant,
        in daylight: no night.

        Second paragraph.
    top_k : int, optional
        How many labels to return.
    rest
        More.

    Returns
    -------
    labels : list
        Best first.
    """


def rest() -> None:
    """Name the plant.

    :param photo: A photo of one plant,
        in daylight: no night.
        Second paragraph.
    :param int top_k: How many labels to return.
    :type top_k: int
    :param rest: More.
    :returns: Best first.
    """


class Item:
    """A photo.

    Attributes:
        top_k: How many labels to return.
    """


def several() -> None:
    """Add.

    Parameters
    ----------
    x, y : float
        A number.
    """


@pytest.mark.parametrize("function", [google, numpy, rest])
def test_each_style_gives_the_same_descriptions(function: Any) -> None:
    expected = {
        "photo": "A photo of one plant, in daylight: no night. Second paragraph.",
        "top_k": "How many labels to return.",
        "rest": "More.",
    }

    assert expected == argument_descriptions(function)


def test_the_attributes_of_a_class_count_as_arguments() -> None:
    assert {"top_k": "How many labels to return."} == argument_descriptions(Item)


def test_a_numpy_line_may_name_several_arguments() -> None:
    assert {"x": "A number.", "y": "A number."} == argument_descriptions(several)


@pytest.mark.parametrize(
    ("function", "rest_of_it"),
    [
        (google, "Returns:\n    labels: Best first."),
        (numpy, "Returns\n-------\nlabels : list\n    Best first."),
        (rest, ":returns: Best first."),
    ],
)
def test_the_rest_is_left_as_it_was_written(function: Any, rest_of_it: str) -> None:
    text = inspect.getdoc(function) or ""

    assert f"Name the plant.\n\n{rest_of_it}" == without_arguments(text)
    assert "As it is.\n\n    Indented." == without_arguments(
        "As it is.\n\n    Indented."
    )


def test_no_docstring_gives_nothing() -> None:
    assert {} == argument_descriptions(lambda: None)


@given(st.text(alphabet="Args: \n\t-xParameters:param()*,", max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    def function() -> None: ...

    function.__doc__ = text

    assert isinstance(argument_descriptions(function), dict)
    assert isinstance(without_arguments(text), str)
