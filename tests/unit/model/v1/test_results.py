"""What V1 models return."""

from __future__ import annotations

from typing import Any

import flask
import pytest

from deepaas.errors import ModelHttpError
from deepaas.model.results import Encoded
from deepaas.model.v1.results import V1Codec

JSON = "application/json"


def encode(result: Any) -> Encoded:
    codec = V1Codec(media_types=(JSON,), schema=None, is_wrapped=False)
    assert JSON == codec.choose("image/png", {})
    return codec.encode(result, JSON)


@pytest.mark.parametrize(
    ("result", "body"),
    [("plain", b'"plain"'), (None, b"null"), ({"a": [1.5]}, b'{"a":[1.5]}')],
)
def test_a_value_is_the_answer(result: Any, body: bytes) -> None:
    encoded = encode(result)

    assert (body, "application/json; charset=utf-8") == (
        encoded.content(),
        encoded.media_type,
    )


@pytest.mark.parametrize("name", ["a b.png", "résultat.png"])
def test_a_file_of_flask_is_sent_as_what_it_is(name: str, tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(b"\x89PNG")
    with flask.Flask("test").test_request_context():
        response = flask.send_file(
            tmp_path / "file",
            mimetype="image/png",
            as_attachment=True,
            download_name=name,
        )

    encoded = encode(response)
    response.close()

    assert Encoded(media_type="image/png", body=b"\x89PNG", filename=name) == encoded


def test_a_response_of_flask_may_be_an_error() -> None:
    with pytest.raises(ModelHttpError, match="too dark") as raised:
        encode(flask.Response("too dark", status=409))

    assert 409 == raised.value.status
