"""Where arguments come from, what they become, and what is said of bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2
    from tests.compat.workshop import Predict

DEFAULTS = {
    "text": "foo",
    "integer": 7,
    "number": 0.5,
    "flag": False,
    "nullable": None,
    "integers": [],
    "mapping": {},
}
UUID = "12345678-1234-5678-1234-567812345678"
JSON = {"content-type": "application/json"}
INVALID_JSON = {"json": ["Invalid JSON body."]}
MISSING = ["Missing data for required field."]


def arguments(answer: httpx2.Response) -> dict[str, Any]:
    """Return what the model got."""
    assert 200 == answer.status_code, answer.text
    got: dict[str, Any] = answer.json()["predictions"]
    return got


def validation_errors(answer: httpx2.Response) -> dict[str, Any]:
    assert 422 == answer.status_code, answer.text
    assert "application/json" == answer.headers["content-type"]
    messages: dict[str, Any] = answer.json()
    return messages


def test_defaults_are_filled_in_and_the_rest_is_absent(predict: Predict) -> None:
    assert DEFAULTS == arguments(predict("probe"))


# ------------------------------------------------------------------ where from


def test_the_query_is_read(predict: Predict) -> None:
    assert "q" == arguments(predict("probe", params={"text": "q"}))["text"]


def test_an_urlencoded_form_is_read(predict: Predict) -> None:
    assert "f" == arguments(predict("probe", data={"text": "f"}))["text"]


def test_a_multipart_form_is_read(predict: Predict) -> None:
    assert "f" == arguments(predict("probe", files={"text": (None, "f")}))["text"]


def test_json_is_read(predict: Predict) -> None:
    assert "j" == arguments(predict("probe", json={"text": "j"}))["text"]


def test_the_query_wins_over_a_form(predict: Predict) -> None:
    answer = predict("probe", params={"text": "q"}, data={"text": "f", "integer": 1})

    assert DEFAULTS | {"text": "q", "integer": 1} == arguments(answer)


def test_the_query_wins_over_json(predict: Predict) -> None:
    answer = predict("probe", params={"text": "q"}, json={"text": "j", "integer": 1})

    assert DEFAULTS | {"text": "q", "integer": 1} == arguments(answer)


def test_a_bad_value_in_the_query_is_not_replaced_by_a_good_one(
    predict: Predict,
) -> None:
    answer = predict("probe", params={"integer": "x"}, json={"integer": 4})

    assert {"integer": ["Not a valid integer."]} == validation_errors(answer)


@pytest.mark.parametrize(
    ("request_parts", "expected"),
    [
        ({"params": {"only_query": "a"}}, {"only_query": "a"}),
        ({"data": {"only_query": "a"}}, {}),
        ({"json": {"only_query": "a"}}, {}),
        ({"data": {"only_form": "a"}}, {"only_form": "a"}),
        ({"params": {"only_form": "a"}}, {}),
        ({"json": {"only_form": "a"}}, {}),
        ({"json": {"only_json": "a"}}, {"only_json": "a"}),
        ({"params": {"only_json": "a"}}, {}),
        ({"data": {"only_json": "a"}}, {}),
        ({"headers": {"X-Probe": "h"}}, {"header": "h"}),
        ({"headers": {"x-probe": "h"}}, {"header": "h"}),
        ({"params": {"X-Probe": "q"}, "json": {"X-Probe": "j"}}, {}),
        ({"headers": {"cookie": "cookie=k; other=1"}}, {"cookie": "k"}),
        ({"params": {"cookie": "q"}}, {}),
    ],
)
def test_a_location_is_the_only_place_that_is_looked_at(
    predict: Predict, request_parts: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert DEFAULTS | expected == arguments(predict("probe", **request_parts))


def test_a_data_key_is_the_name_on_the_wire(predict: Predict) -> None:
    by_query = predict("probe", params={"wire-name": "w", "renamed": "r"})
    by_json = predict("probe", json={"wire-name": "w", "renamed": "r"})

    assert "w" == arguments(by_query)["renamed"]
    assert "w" == arguments(by_json)["renamed"]


@pytest.mark.parametrize(
    "request_parts",
    [
        {"params": {"unknown": "1"}},
        {"data": {"unknown": "1"}},
        {"json": {"unknown": "1"}},
        {"files": {"unknown": ("a.txt", b"1", "text/plain")}},
    ],
)
def test_unknown_arguments_are_ignored(
    predict: Predict, request_parts: dict[str, Any]
) -> None:
    assert DEFAULTS == arguments(predict("probe", **request_parts))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/vnd.api+json",
    ],
)
def test_json_is_known_by_its_content_type(predict: Predict, content_type: str) -> None:
    answer = predict(
        "probe", content=b'{"text": "raw"}', headers={"content-type": content_type}
    )

    assert "raw" == arguments(answer)["text"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/x-json"}],
)
def test_a_body_of_another_type_is_ignored(
    predict: Predict, headers: dict[str, str]
) -> None:
    answer = predict("strict", content=b'{"name": "a", "count": 1}', headers=headers)

    assert {"name": MISSING, "count": MISSING} == validation_errors(answer)


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"5", b"null", b"true", b"", b"[]"])
def test_json_that_is_no_object_counts_as_empty(predict: Predict, body: bytes) -> None:
    assert DEFAULTS == arguments(predict("probe", content=body, headers=JSON))


@pytest.mark.parametrize(
    "body", [b"{", b"{'text': 1}", b"\xff\xfe", b'{"text": "\xe9"}', b"{} {}"]
)
def test_unreadable_json_is_a_bad_request(predict: Predict, body: bytes) -> None:
    answer = predict("probe", content=body, headers=JSON)

    assert 400 == answer.status_code
    assert "application/json" == answer.headers["content-type"]
    assert INVALID_JSON == answer.json()


def test_json_is_not_looked_at_when_the_query_has_everything(predict: Predict) -> None:
    query = {"name": "a", "count": 1, "kind": "a"}

    assert (
        200 == predict("strict", params=query, content=b"{", headers=JSON).status_code
    )


def test_unreadable_json_comes_before_validation(predict: Predict) -> None:
    query = {"name": "a", "count": "x"}

    answer = predict("strict", params=query, content=b"{", headers=JSON)

    assert 400 == answer.status_code
    assert INVALID_JSON == answer.json()


def test_a_model_without_arguments_reads_no_body(predict: Predict) -> None:
    for body in ({"json": {"a": 1}}, {"content": b"{", "headers": JSON}, {}):
        assert {"kwargs": {}} == arguments(predict("noargs", **body))


def test_a_function_with_named_parameters_gets_them(predict: Predict) -> None:
    assert "HELLO" == predict("instance").json()["predictions"]
    answer = predict("instance", params={"word": "you"})
    assert "YOU" == answer.json()["predictions"]


# ---------------------------------------------------------- what they become


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("text", "", ""),
        ("text", "no choice", "no choice"),
        ("text", "é✓ &=+", "é✓ &=+"),
        ("integer", "4", 4),
        ("integer", " 4 ", 4),
        ("integer", "-1", -1),
        ("number", "1", 1.0),
        ("number", "1e3", 1000.0),
        *(("flag", text, True) for text in ("true", "TRUE", "t", "1", "yes", "on")),
        *(("flag", text, False) for text in ("false", "F", "0", "no", "off")),
        ("nullable", "", ""),
        ("nullable", "null", "null"),
        ("integers", "5", [5]),
        ("texts", "a,b", ["a,b"]),
        ("delimited", "1,2", [1, 2]),
        ("date", "2024-01-02", "date 2024-01-02"),
        ("moment", "2024-01-02T03:04:05", "datetime 2024-01-02 03:04:05"),
        ("identifier", UUID, f"UUID {UUID}"),
        ("address", "http://example.org/a?b=c", "http://example.org/a?b=c"),
        ("choice", "green", "green"),
        ("ranged", "10", 10),
        ("measured", "abcd", "abcd"),
        ("secret", "hidden", "hidden"),
    ],
)
def test_a_text_becomes_a_value(
    predict: Predict, name: str, text: str, expected: object
) -> None:
    by_query = predict("probe", params={name: text})
    by_form = predict("probe", data={name: text})

    assert DEFAULTS | {name: expected} == arguments(by_query)
    assert DEFAULTS | {name: expected} == arguments(by_form)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("integer", 4, 4),
        ("integer", "4", 4),
        ("integer", 4.5, 4),
        ("number", 1, 1.0),
        ("number", "0.25", 0.25),
        ("flag", True, True),
        ("flag", 1, True),
        ("flag", "yes", True),
        ("nullable", None, None),
        ("integers", [1, "2"], [1, 2]),
        ("integers", "5", [5]),
        ("integers", 5, [5]),
        ("integers", [], []),
        ("mapping", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ("nested", {"x": "1"}, {"x": 1}),
        ("nested", {"x": 1, "label": "p"}, {"x": 1, "label": "p"}),
        ("delimited", "1,2", [1, 2]),
        ("delimited", [1, 2], [1, 2]),
        ("date", "2024-01-02", "date 2024-01-02"),
        ("text", "señal", "señal"),
    ],
    ids=repr,
)
def test_a_json_value_becomes_a_value(
    predict: Predict, name: str, value: object, expected: object
) -> None:
    assert DEFAULTS | {name: expected} == arguments(
        predict("probe", json={name: value})
    )


def test_a_list_is_made_of_repeated_keys(predict: Predict) -> None:
    by_query = predict("probe", params=[("integers", "1"), ("integers", "2")])
    by_form = predict("probe", data={"integers": ["1", "2"]})

    assert [1, 2] == arguments(by_query)["integers"]
    assert [1, 2] == arguments(by_form)["integers"]


def test_the_first_of_repeated_keys_counts(predict: Predict) -> None:
    answer = predict("probe", params=[("integer", "1"), ("integer", "2")])

    assert 1 == arguments(answer)["integer"]


def test_bound_fields_of_a_schema_are_arguments(predict: Predict) -> None:
    answer = predict(
        "bound_schema",
        params={"options": '{"a": [1]}', "doubled": 4, "model": "b", "classes": "dog"},
        headers={"accept": "application/json"},
    )

    expected = {
        "zebra": "z",
        "model": "b",
        "options": {"a": [1]},
        "doubled": 8,
        "limits": [0.0, 1.0],
        "classes": ["dog"],
        "require_typo": "kept",
        "truth": False,
        "mixed": 1,
        "accept": "application/json",
    }
    assert expected == arguments(answer)


# ------------------------------------------------------- what is said of bad ones


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        ("integer", "4.5", ["Not a valid integer."]),
        ("integer", "", ["Not a valid integer."]),
        ("number", "x", ["Not a valid number."]),
        (
            "number",
            "nan",
            ["Special numeric values (nan or infinity) are not permitted."],
        ),
        ("flag", "maybe", ["Not a valid boolean."]),
        ("integers", "1,2", {"0": ["Not a valid integer."]}),
        ("integers", "[1,2]", {"0": ["Not a valid integer."]}),
        ("delimited", "1,x", {"1": ["Not a valid integer."]}),
        ("mapping", '{"a": 1}', ["Not a valid mapping type."]),
        ("nested", '{"x": 1}', {"_schema": ["Invalid input type."]}),
        ("date", "x", ["Not a valid date."]),
        ("moment", "x", ["Not a valid datetime."]),
        ("identifier", "x", ["Not a valid UUID."]),
        ("address", "http://a/b", ["Not a valid URL."]),
        ("address", "/relative", ["Not a valid URL."]),
        ("choice", "blue", ["Must be one of: red, green."]),
        (
            "ranged",
            "11",
            [
                "Must be greater than or equal to 1 and less than or equal to 10.",
            ],
        ),
        ("measured", "a", ["Length must be between 2 and 4."]),
    ],
)
def test_a_bad_text_is_refused(
    predict: Predict, name: str, text: str, messages: object
) -> None:
    assert {name: messages} == validation_errors(predict("probe", params={name: text}))


@pytest.mark.parametrize(
    ("name", "value", "messages"),
    [
        ("integer", None, ["Field may not be null."]),
        ("integer", True, ["Not a valid integer."]),
        ("text", 5, ["Not a valid string."]),
        ("text", None, ["Field may not be null."]),
        ("flag", 2, ["Not a valid boolean."]),
        (
            "integers",
            [1, "x", None],
            {"1": ["Not a valid integer."], "2": ["Field may not be null."]},
        ),
        ("texts", ["a", 1], {"1": ["Not a valid string."]}),
        ("mapping", [], ["Not a valid mapping type."]),
        (
            "nested",
            {"x": "y", "zz": 1},
            {"x": ["Not a valid integer."], "zz": ["Unknown field."]},
        ),
        ("nested", {}, {"x": ["Missing data for required field."]}),
        ("nested", 5, {"_schema": ["Invalid input type."]}),
        ("date", 5, ["Not a valid date."]),
    ],
)
def test_a_bad_json_value_is_refused(
    predict: Predict, name: str, value: object, messages: object
) -> None:
    answer = predict("probe", json={name: value})

    assert {name: messages} == validation_errors(answer)


def test_required_arguments_are_missed(predict: Predict) -> None:
    expected = {"name": MISSING, "count": MISSING}

    assert expected == validation_errors(predict("strict"))
    assert expected == validation_errors(predict("strict", json={}))
    assert expected == validation_errors(predict("strict", data={"other": "1"}))


def test_all_errors_are_told_at_once(predict: Predict) -> None:
    answer = predict("strict", json={"count": "x", "kind": "c"})

    expected = {
        "name": MISSING,
        "count": ["Not a valid integer."],
        "kind": ["Must be one of: a, b."],
    }
    assert expected == validation_errors(answer)


def test_a_custom_field_and_validators_have_their_say(predict: Predict) -> None:
    answer = predict(
        "bound_schema",
        json={"options": "{", "limits": [1], "classes": ["cow"], "model": "c"},
    )

    expected = {
        "options": ["`{` is no JSON"],
        "limits": ["Length must be 2."],
        "classes": ["One or more of the choices you made was not in: cat, dog."],
        "model": ["Must be one of: a (first), b."],
    }
    assert expected == validation_errors(answer)


def test_a_choice_that_is_only_documented_is_not_enforced(predict: Predict) -> None:
    answer = predict(
        "bound_schema",
        json={"truth": "maybe", "mixed": "7"},
        headers={"accept": "application/json"},
    )

    assert "maybe" == arguments(answer)["truth"]
    assert "7" == arguments(answer)["mixed"]


def test_a_model_that_cannot_predict_still_checks_arguments(predict: Predict) -> None:
    assert {"number": MISSING} == validation_errors(predict("train_only"))
    assert 501 == predict("train_only", params={"number": 1}).status_code
