"""The operations of models as processes."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from tests.support import descriptions
from tests.support.descriptions import argument, model

from deepaas.frontends.api.process_documents import (
    description,
    process_path,
    processes_of,
    summary,
)

ALL = ("predict", "train", "validate")


def described(name: str = "plants", operation: str = "predict") -> dict[str, Any]:
    one = descriptions.ALL[name]
    return description(
        name, one, one.operations[operation], root="http://host", has_jobs=True
    )


def test_each_operation_of_each_model_is_a_process() -> None:
    found = [
        f"{name}.{operation.name}"
        for name, _, operation in processes_of(descriptions.ALL, offered=ALL)
    ]

    assert ["plants.predict", "shapes.predict"] == found[:2]
    assert {"probe.predict", "probe.train"} <= set(found)


def test_what_is_switched_off_is_no_process() -> None:
    offered = [
        operation.name
        for _, _, operation in processes_of(descriptions.ALL, offered=["predict"])
    ]
    assert {"predict"} == set(offered)


@pytest.mark.parametrize(
    ("operation", "has_jobs", "expected"),
    [
        ("predict", True, ["sync-execute", "async-execute", "dismiss"]),
        ("predict", False, ["sync-execute"]),
        ("train", True, ["async-execute", "dismiss"]),
    ],
)
def test_a_process_says_how_it_can_be_run(
    operation: str, *, has_jobs: bool, expected: list[str]
) -> None:
    probe = descriptions.PROBE

    document = summary(
        "probe", probe, probe.operations[operation], root="", has_jobs=has_jobs
    )

    assert expected == document["jobControlOptions"]
    assert ["value"] == document["outputTransmission"]
    assert f"probe.{operation}" == document["id"]


def test_links_lead_to_the_execution_and_to_the_jobs() -> None:
    links = {
        link["rel"].rpartition("/")[2]: link["href"] for link in described()["links"]
    }

    assert "http://host/processes/plants.predict" == links["self"]
    assert "http://host/processes/plants.predict/execution" == links["execute"]
    assert "http://host/jobs?processID=plants.predict" == links["job-list"]


def test_a_name_that_no_address_can_have_is_quoted() -> None:
    assert "/processes/a%2Fb%20c.train" == process_path("a/b c", "train", root="")


@pytest.mark.parametrize("name", [*descriptions.ALL])
def test_each_schema_stands_for_itself(name: str) -> None:
    document = described(name)

    for one in [*document["inputs"].values(), *document["outputs"].values()]:
        schema = one["schema"]
        OAS31Validator.check_schema(schema)
        for reference in _references(schema):
            assert reference.removeprefix("#/$defs/") in schema["$defs"]


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [found for one in schema for found in _references(one)]
    if not isinstance(schema, dict):
        return []
    own = schema.get("$ref")
    return ([own] if isinstance(own, str) else []) + [
        found for one in schema.values() for found in _references(one)
    ]


def test_a_file_is_text_in_base64() -> None:
    photo = described()["inputs"]["photo"]

    assert "base64" == photo["schema"]["contentEncoding"]
    assert "application/octet-stream" == photo["schema"]["contentMediaType"]
    assert 1 == photo["minOccurs"]


def test_an_input_that_may_be_left_out_or_repeated_says_so() -> None:
    gallery = described("gallery")["inputs"]

    assert 0 == described()["inputs"]["top_k"]["minOccurs"]
    assert "maxOccurs" not in described()["inputs"]["top_k"]
    assert (1, "unbounded") == (
        gallery["photos"]["minOccurs"],
        gallery["photos"]["maxOccurs"],
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("plants", "array"), ("gallery", "string"), ("empty", None)],
)
def test_the_one_output_is_the_result(name: str, expected: str | None) -> None:
    outputs = described(name)["outputs"]

    assert ["result"] == list(outputs)
    assert expected == outputs["result"]["schema"].get("type")


def test_a_model_may_say_which_version_it_is() -> None:
    one = model(argument("x", {}), metadata={"version": "1.2"})

    document = summary("m", one, one.operations["predict"], root="", has_jobs=True)

    assert "1.2" == document["version"]
    assert "0" == described()["version"]
