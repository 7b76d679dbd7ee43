"""A model's arguments as options, and what a command line then says."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.descriptions import FILE, argument

from deepaas.cli.arguments import make_parser, read_inputs
from deepaas.errors import InvalidInputError
from deepaas.messages import OperationDescription
from deepaas.model.arguments import MISSING, Inputs, Upload

if TYPE_CHECKING:
    from pathlib import Path

    from deepaas.model.arguments import Argument

INTEGER = {"type": "integer"}
TEXT = {"type": "string"}
SWITCH = {"type": "boolean", "default": False}
ANY_OBJECT = {"type": "object"}
INTEGERS = {"type": "array", "items": INTEGER}


def read(
    *arguments: Argument, line: list[str], is_v2: bool = False, **how: Any
) -> Inputs:
    operation = OperationDescription(
        name="predict", arguments=arguments, allows_unknown=is_v2
    )
    parser = make_parser(operation, program="deepaas predict plants")
    return read_inputs(operation, line, parser=parser, **how)


def help_of(*arguments: Argument, **facts: Any) -> str:
    operation = OperationDescription(name="predict", arguments=arguments, **facts)
    return make_parser(operation, program="deepaas predict plants").format_help()


# ------------------------------------------------------------------- spellings


@pytest.mark.parametrize("option", ["--top_k", "--top-k"])
def test_an_underscore_may_be_a_dash(option: str) -> None:
    inputs = read(argument("top_k", INTEGER), line=[option, "3"])

    assert [("top_k", "3")] == inputs.form


def test_names_that_differ_by_a_dash_stay_apart() -> None:
    inputs = read(
        argument("top_k", INTEGER),
        argument("top-k", INTEGER),
        line=["--top_k", "1", "--top-k", "2"],
    )

    assert [("top_k", "1"), ("top-k", "2")] == inputs.form


def test_a_part_of_a_name_is_not_enough(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(argument("photograph", TEXT), line=["--photo", "x"])

    assert "did you mean --photograph?" in capsys.readouterr().err


def test_an_option_that_does_not_exist_lists_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(argument("a", TEXT), argument("b", TEXT), line=["--zzzzzz=1"])

    assert "no option --zzzzzz; there are: --a, --b" in capsys.readouterr().err


def test_a_word_without_an_option_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(argument("a", TEXT), line=["stray"])

    assert "'stray' belongs to no option" in capsys.readouterr().err


def test_an_argument_may_be_called_help() -> None:
    assert [("help", "me")] == read(argument("help", TEXT), line=["--help", "me"]).form


def test_what_is_not_given_is_not_sent() -> None:
    inputs = read(argument("a", TEXT), argument("n", INTEGER), line=[])

    assert MISSING is inputs.json
    assert not any((inputs.form, inputs.query, inputs.headers, inputs.cookies))


# ---------------------------------------------------------------------- values


@given(st.text().filter(lambda text: not text.startswith("--") and text != "-h"))
def test_a_value_is_text_however_it_begins(text: str) -> None:
    assert [("a", text)] == read(argument("a", TEXT), line=["--a", text]).form


# argparse of Python 3.11 drops a value that is just two dashes.
@given(st.text().filter(lambda text: text != "--"))
def test_after_an_equals_sign_a_value_may_be_anything(text: str) -> None:
    assert [("a", text)] == read(argument("a", TEXT), line=[f"--a={text}"]).form


@given(st.floats())
def test_a_number_may_be_negative(number: float) -> None:
    line = ["--x", repr(number), "--y", "1"]

    inputs = read(argument("x", {"type": "number"}), argument("y", INTEGER), line=line)

    assert [("x", repr(number)), ("y", "1")] == inputs.form


def test_an_option_is_no_value_of_another(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(argument("a", TEXT), argument("b", TEXT), line=["--a", "--b", "1"])

    assert "expected one argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["--flag"], "true"),
        (["--flag", "false"], "false"),
        (["--flag=no"], "no"),
    ],
)
def test_a_switch_needs_no_value(line: list[str], expected: str) -> None:
    assert [("flag", expected)] == read(argument("flag", SWITCH), line=line).form


@pytest.mark.parametrize(
    "line", [["--n", "1", "2"], ["--n", "1", "--n", "2"], ["--n=1", "--n=2"]]
)
def test_a_list_is_several_values_or_a_repeated_option(line: list[str]) -> None:
    inputs = read(argument("n", INTEGERS, is_list=True), line=line)

    assert [("n", "1"), ("n", "2")] == inputs.form


def test_a_nested_value_of_a_native_model_stays_text() -> None:
    inputs = read(argument("place", ANY_OBJECT), line=["--place", '{"x": 1}'])

    assert [("place", '{"x": 1}')] == inputs.form


def test_the_last_of_two_values_counts() -> None:
    assert [("a", "2")] == read(argument("a", TEXT), line=["--a", "1", "--a=2"]).form


# ------------------------------------------------------------------- locations


def test_a_value_goes_where_its_argument_is_looked_for() -> None:
    inputs = read(
        argument("X-Who", TEXT, location="header"),
        argument("session", TEXT, location="cookie"),
        argument("page", INTEGER, location="query"),
        argument("title", TEXT, location="form"),
        argument("size", INTEGER, location="json"),
        argument("note", TEXT, location="json"),
        line=[
            *("--X-Who", "me", "--session", "s", "--page", "1"),
            *("--title", "t", "--size", "3", "--note", "4"),
        ],
    )

    assert {"x-who": "me"} == inputs.headers
    assert {"session": "s"} == inputs.cookies
    assert [("page", "1")] == inputs.query
    assert [("title", "t")] == inputs.form
    assert {"size": 3, "note": "4"} == inputs.json


@pytest.mark.parametrize(
    ("schema", "is_list", "line", "expected"),
    [
        (ANY_OBJECT, False, ["--v", '{"a": 1}'], {"a": 1}),
        (INTEGERS, True, ["--v", "[1, 2]"], [1, 2]),
        ({"type": "array", "items": ANY_OBJECT}, True, ["--v", '{"a": 1}'], [{"a": 1}]),
        (
            {"type": "array", "items": ANY_OBJECT},
            True,
            ["--v", '{"a": 1}', '{"a": 2}'],
            [{"a": 1}, {"a": 2}],
        ),
    ],
)
def test_a_2x_model_gets_structured_values_as_json(
    schema: dict[str, Any], *, is_list: bool, line: list[str], expected: Any
) -> None:
    inputs = read(argument("v", schema, is_list=is_list), line=line, is_v2=True)

    assert {"v": expected} == inputs.json
    assert [] == inputs.form


def test_a_list_of_plain_values_goes_to_the_form_of_a_2x_model() -> None:
    inputs = read(
        argument("v", INTEGERS, is_list=True), line=["--v", "1", "2"], is_v2=True
    )

    assert [("v", "1"), ("v", "2")] == inputs.form
    assert MISSING is inputs.json


def test_a_text_of_a_2x_model_is_never_parsed() -> None:
    inputs = read(argument("v", TEXT), line=["--v", '{"a": 1}'], is_v2=True)

    assert [("v", '{"a": 1}')] == inputs.form


def test_structured_values_can_be_read_in_another_way() -> None:
    inputs = read(
        argument("v", ANY_OBJECT),
        line=["--v", "{'a': True}"],
        is_v2=True,
        parse=ast.literal_eval,
    )

    assert {"v": {"a": True}} == inputs.json


# ----------------------------------------------------------------------- files


def test_a_file_is_an_upload_with_its_name_and_type(tmp_path: Path) -> None:
    path = tmp_path / "rose.png"
    path.write_bytes(b"1234")

    inputs = read(argument("photo", FILE, is_file=True), line=["--photo", str(path)])

    expected = Upload(
        path=str(path), filename="rose.png", content_type="image/png", size_bytes=4
    )
    assert [("photo", expected)] == inputs.form


def test_several_files_keep_their_order(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("b.txt", "a.txt.gz")]
    for path in paths:
        path.touch()

    inputs = read(
        argument(
            "photos", {"type": "array", "items": FILE}, is_file=True, is_list=True
        ),
        line=["--photos", *map(str, paths)],
    )

    uploads = [value for _, value in inputs.form if isinstance(value, Upload)]
    assert ["b.txt", "a.txt.gz"] == [one.filename for one in uploads]
    assert ["text/plain", "application/octet-stream"] == [
        one.content_type for one in uploads
    ]


def test_files_that_are_not_there_are_named_all_at_once() -> None:
    one, two = (argument(name, FILE, is_file=True) for name in ("one", "two"))

    with pytest.raises(InvalidInputError) as caught:
        read(one, two, line=["--one", "nowhere/x.png", "--two", "nowhere/y.png"])

    assert ["/one", "/two"] == [error.pointer for error in caught.value.errors]
    assert "no file 'nowhere/x.png'" in caught.value.errors[0].detail


# ------------------------------------------------------------------------ help


def test_help_tells_meaning_type_range_and_default() -> None:
    shown = help_of(
        argument(
            "top_k",
            {
                **INTEGER,
                "minimum": 1,
                "maximum": 10,
                "default": 3,
                "description": "How\nmany.",
            },
        )
    )

    assert "--top_k INTEGER" in shown
    assert "How many. (integer from 1 to 10; default: 3)" in " ".join(shown.split())


def test_help_has_what_is_required_first() -> None:
    shown = help_of(argument("b", SWITCH), argument("a", TEXT))

    assert shown.index("required arguments") < shown.index("--a")
    assert shown.index("--a") < shown.index("optional arguments") < shown.index("--b")


def test_help_takes_percent_signs_for_what_they_are() -> None:
    assert "100 % sure" in help_of(argument("a", TEXT | {"description": "100 % sure"}))


def test_help_begins_with_the_docstring() -> None:
    assert "Name\n the plant." in help_of(description="Name\n the plant.")
