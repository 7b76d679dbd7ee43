"""An action of OpenWhisk, asked as its invoker asks.

The first part has the cases of Apache's `BasicActionRunnerTests`, over the example
`echo`.
"""

from __future__ import annotations

import base64
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.whisk import MARKER, Container, in_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Container]

ECHO = Path(__file__).parents[2] / "examples/echo/echo.py"
ACTING = Path(__file__).parent / "models/acting.py"
HELLO = (["hello stdout", MARKER], ["hello stderr", MARKER])
PIECE = {"value": "cGllY2U=", "mediaType": "application/octet-stream"}
NO_VALUE = {"error": "The action did not receive a dictionary or array as an argument."}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts containers, and sees that they end well."""
    with ExitStack() as stack:

        def new(*models: str | Path, **options: Any) -> Container:
            return stack.enter_context(Container(tmp_path, *models, **options))

        yield new


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with Container(
        tmp_path_factory.mktemp("echo"), ECHO, environment={"__OW_API_HOST": "xyz"}
    ) as one:
        assert 200 == one.init(FLAVOUR="mint", __OW_ACTION_NAME="/ns/pkg/echo").status
        yield one


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with Container(
        tmp_path_factory.mktemp("acting"), ACTING, f"streams={ACTING}:Streams"
    ) as one:
        assert 200 == one.init().status
        yield one


# ------------------------------------------------------- Apache's cases, and order


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"value": {}}', b'{"value": {"code": null, "env": null}}']
)
def test_init_needs_no_code_and_no_content(content: bytes, start: Start) -> None:
    container = start(ECHO)

    assert (200, "OK", [], []) == container.post("/init", content)
    assert (200, {}, *HELLO) == container.run({})


def test_it_is_initialized_once(echo: Container) -> None:
    said = "Cannot initialize the action more than once."

    assert (403, {"error": said}, [], [said]) == echo.init()
    assert (200, {"string": "still"}, *HELLO) == echo.run({"string": "still"})


def test_it_may_be_initialized_again_where_the_platform_says_so(start: Start) -> None:
    container = start(ECHO, environment={"PROXY_ALLOW_REINIT": "1"})
    container.init(FLAVOUR="mint")

    assert (200, "OK", [], []) == container.init(FLAVOUR="lemon")
    assert {"FLAVOUR": "lemon"} == container.run({"variables": ["FLAVOUR"]}).result


def test_one_of_several_inits_at_a_time_leaves_its_models(start: Start) -> None:
    container = start(ECHO, environment={"PROXY_ALLOW_REINIT": "1"})

    with ThreadPoolExecutor() as executor:
        answers = executor.map(lambda _: container.client.post("/init"), range(3))
        assert [200] * 3 == [one.status_code for one in answers]

    _server, *workers = processes_of(container)
    assert 1 == len(workers)


def test_a_run_before_init_is_refused_and_init_comes_after(start: Start) -> None:
    container = start(ECHO)

    early = container.run({})
    assert (502, ["error"], (1, 1)) == (early.status, [*early.result], early.markers)
    assert 200 == container.init({"main": "another", "code": "", "binary": True}).status
    assert (200, {}, *HELLO) == container.run({})


@pytest.mark.parametrize(
    "value",
    [
        {"string": "hello"},
        {"string": "❄ ☃ ❄"},
        {"numbers": [42, 1]},
        {"object": {"a": "A", "b": [None, True, 1.5]}},
        {"string": "x" * 1_048_561},
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_sent_comes_back(value: dict[str, Any], echo: Container) -> None:
    assert (200, value, *HELLO) == echo.run(value)


def test_the_environment_of_init_and_of_the_call_is_there(echo: Container) -> None:
    context = {
        "namespace": "zzz",
        "action_name": "xxx",
        "action_version": "0.0.1",
        "activation_id": "iii",
        "deadline": "123",
        "api_key": "abc",
    }
    expected = {f"__OW_{name.upper()}": value for name, value in context.items()}
    expected |= {"__OW_API_HOST": "xyz", "FLAVOUR": "mint"}

    assert expected == echo.run({"variables": [*expected]}, **context).result
    again = echo.run({"variables": ["__OW_ACTIVATION_ID"]}, activation_id="jjj")
    assert {"__OW_ACTIVATION_ID": "jjj"} == again.result


@pytest.mark.parametrize(
    "content", [b'{"value": "x"}', b'{"value": null}', b"[1]", b"{"]
)
def test_a_value_is_an_object_or_an_array(content: bytes, echo: Container) -> None:
    assert (404, NO_VALUE, [MARKER], [MARKER]) == echo.post("/run", content)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"value": {}}'])
def test_a_run_may_have_nothing_in_it(content: bytes, echo: Container) -> None:
    assert (200, {}, *HELLO) == echo.post("/run", content)


@pytest.mark.parametrize("content", [b"{", b'{"value": 1}', b'{"value": {"env": 1}}'])
def test_init_says_what_is_wrong_about_it(content: bytes, start: Start) -> None:
    container = start(ECHO)

    wrong = container.post("/init", content)
    assert (404, [], []) == (wrong.status, wrong.out, wrong.err)
    assert 200 == container.init().status


def test_a_model_that_cannot_load_is_told_and_may_be_tried_again(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "picky.py").write_text(
        "import os\n\nprint('loading')\nos.environ['NEEDED']\n\n"
        "def predict() -> int:\n    return 1\n"
    )
    container = start("picky.py")

    failed = container.init()
    assert (502, (1, 1)) == (failed.status, failed.markers)
    assert "KeyError: 'NEEDED'" in failed.result["error"]["detail"]
    assert ["loading", MARKER] == failed.out
    assert any("KeyError" in line for line in failed.err[:-1])
    assert (200, "OK", ["loading"], []) == container.init(NEEDED="here")
    assert {"result": 1} == container.run({}).result


def test_a_model_that_is_not_there_is_told_at_init(start: Start) -> None:
    failed = start("nowhere.py").init()

    assert (502, (1, 1)) == (failed.status, failed.markers)
    assert "nowhere.py" in failed.result["error"]["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/run", 405), ("PUT", "/init", 405), ("POST", "/", 404)],
)
def test_there_is_nothing_else(
    method: str, path: str, status: int, echo: Container
) -> None:
    answer = echo.client.request(method, path)

    assert status == answer.status_code
    assert ["error"] == [*answer.json()]


# ------------------------------------------------------------- plain invocations


@pytest.mark.parametrize(
    ("value", "status", "result"),
    [
        ({}, 200, {"result": "x"}),
        ({"act": "none"}, 200, {"result": None}),
        ({"act": "list"}, 200, [1, 2]),
        ({"act": "error"}, 200, {"error": "no"}),
        ({"operation": "predict", "args": {"size": 3}}, 200, {"result": "xxx"}),
        ({"act": "bad"}, 502, "The action did not return a dictionary or array."),
        ({"act": "raise"}, 502, "model-error"),
        ({"act": "exit"}, 502, "worker-died"),
        ({"act": "flee"}, 200, "invalid-input"),
        ({"args": [1]}, 200, "invalid-input"),
        ({"operation": "guess"}, 200, "invalid-input"),
        ({"operation": "train"}, 200, "jobs-disabled"),
        ({"model": "nobody"}, 200, "model-not-found"),
        ({"size": 1 << 20}, 200, "result-too-large"),
        ({"size": 3 << 20}, 200, "result-too-large"),
        ({"model": "streams", "pieces": 2}, 200, [PIECE, PIECE]),
    ],
)
def test_what_comes_of_an_invocation(
    value: dict[str, Any], status: int, result: Any, acting: Container
) -> None:
    found = acting.run({"model": "acting", **value})

    assert (status, (1, 1)) == (found.status, found.markers)
    if isinstance(result, str):
        error = found.result["error"]
        told = error["type"].rpartition(":")[2] if isinstance(error, dict) else error
        assert result == told
    else:
        assert result == found.result


def test_where_there_are_several_models_one_is_named(acting: Container) -> None:
    [error] = acting.run({}).result["error"]["errors"]

    assert "acting, streams" in error["detail"]


def test_the_traceback_is_in_the_log_of_the_activation(acting: Container) -> None:
    found = acting.run({"model": "acting", "act": "raise"}, activation_id="a1")

    assert "boom" == found.result["error"]["detail"]
    assert "about to" == found.err[0]
    assert "request=a1" in found.err[1]
    assert found.err[-2].endswith("ValueError: boom")


def test_the_log_ends_behind_all_that_was_printed(acting: Container) -> None:
    count = 2000  # more than the log of a server would take in a second
    found = acting.run({"model": "acting", "act": "print", "size": count})

    out = [f"out {number}" for number in range(count)]
    assert [*out, "no line end", MARKER] == found.out
    assert [*(line.replace("out", "err") for line in out), MARKER] == found.err


def test_what_native_code_prints_is_there_in_time(acting: Container) -> None:
    found = acting.run({"model": "acting", "act": "native"})

    assert ["from C", MARKER] == found.out


@pytest.mark.parametrize("size", [0, 300_000])
def test_the_log_ends_on_a_line_of_its_own(size: int, acting: Container) -> None:
    found = acting.run({"model": "acting", "act": "bare", "size": size})

    expected = ["-" * size + "no line end", MARKER]
    assert (expected, expected) == (found.out, found.err)


def test_the_deadline_of_the_platform_ends_a_prediction(acting: Container) -> None:
    stuck = {"model": "acting", "act": "sleep"}
    found = acting.run(stuck, deadline=in_ms(1))

    assert (502, (1, 1)) == (found.status, found.markers)
    assert "deadline of 0.5 s" in found.result["error"]["detail"]
    assert "is ended" in found.err[0]
    after = acting.run({"model": "acting"})
    assert ({"result": "x"}, [MARKER]) == (after.result, after.err)


def test_a_freeze_is_survived(acting: Container) -> None:
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in processes_of(acting):
            os.kill(pid, number)

    assert {"result": "x"} == acting.run({"model": "acting"}).result


def processes_of(container: Container) -> list[int]:
    server = container.process.process.pid
    children = Path(f"/proc/{server}/task/{server}/children").read_text()
    return [server, *map(int, children.split())]


def test_predictions_can_be_switched_off(start: Start) -> None:
    container = start(ECHO, options=("--nopredict-endpoint",))
    container.init()

    assert "operation-disabled" in container.run({}).result["error"]["type"]


# -------------------------------------------------------------------- web actions

PREDICT = "/v2/models/echo/predict/"
JSON = {"content-type": "application/json"}


def test_a_web_action_predicts(echo: Container) -> None:
    answer = echo.web("post", PREDICT, headers=JSON, body=b'{"string": "\xe2\x9d\x84"}')

    assert (200, {"string": "❄"}) == (answer["statusCode"], answer["body"])
    assert "application/json" == answer["headers"]["content-type"]


def test_a_query_and_text_reach_the_model(echo: Container) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = echo.web(
        "post", PREDICT, headers=form, query="numbers=1", __ow_body="string=abcd"
    )

    assert {"string": "abcd", "numbers": [1]} == answer["body"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (JSON, b'{"strong": 1}', 422),
        (JSON, b"{", 400),
        ({}, b"\x00", 415),
        ({**JSON, "accept": "image/png"}, b"{}", 406),
    ],
)
def test_a_wrong_request_is_no_failure_of_the_action(
    headers: dict[str, str], body: bytes, status: int, echo: Container
) -> None:
    answer = echo.web("post", PREDICT, headers=headers, body=body)

    assert (status, status) == (answer["statusCode"], answer["body"]["status"])


def test_a_body_that_is_no_base64_is_taken_as_it_is(echo: Container) -> None:
    answer = echo.web("post", PREDICT, headers=JSON, __ow_body='{"string": "plain"}')
    assert {"string": "plain"} == answer["body"]

    answer = echo.web("post", PREDICT, headers=JSON, __ow_body="*nonsense*")
    assert 400 == answer["statusCode"]


def test_what_the_platform_has_taken_apart_is_put_together(echo: Container) -> None:
    value = {"__ow_method": "post", "__ow_path": PREDICT, "__ow_headers": JSON}

    mixed = echo.run({**value, "string": "a", "numbers": [1]}).result
    assert {"string": "a", "numbers": [1]} == mixed["body"]
    for content_type in (
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ):
        value["__ow_headers"] = {"content-type": content_type}
        fields = echo.run({**value, "string": "a", "numbers": "1"}).result
        assert {"string": "a", "numbers": [1]} == fields["body"]
    got = echo.run({"__ow_method": "get", "__ow_path": "/readyz", "verbose": ""}).result
    assert "ready" == got["body"]["status"]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_of_the_model_is_one_of_the_action(
    status: int, acting: Container
) -> None:
    act = {500: "raise", 502: "exit", 504: "sleep"}[status]
    raw = {
        "__ow_method": "post",
        "__ow_path": "/v2/models/acting/predict/",
        "__ow_headers": JSON,
        "__ow_query": "",
        "__ow_body": json.dumps({"act": act}),
    }
    found = acting.run(raw, deadline=in_ms(1 if act == "sleep" else 3600))

    assert (200, (1, 1)) == (found.status, found.markers)
    assert ["error"] == [*found.result]
    assert status == found.result["error"]["statusCode"]
    assert status == found.result["error"]["body"]["status"]


@pytest.mark.parametrize("path", ["acting", "streams"])
def test_an_answer_that_is_too_large_is_an_error(path: str, acting: Container) -> None:
    size = b'{"size": 3000000}' if path == "acting" else b"{}"  # which is endless
    predict = f"/v2/models/{path}/predict/"
    answer = acting.web("post", predict, headers=JSON, body=size)["error"]

    assert (507, 1 << 20) == (answer["statusCode"], answer["body"]["limit_bytes"])


def test_an_answer_that_breaks_off_is_an_error(acting: Container) -> None:
    predict = "/v2/models/streams/predict/"
    answer = acting.web("post", predict, headers=JSON, body=b'{"pieces": -1}')

    assert "broke off" in answer["error"]["body"]["detail"]


def test_jobs_are_refused(echo: Container) -> None:
    for method, path in (("get", "/jobs"), ("post", "/v2/models/echo/train/")):
        assert 501 == echo.web(method, path)["error"]["statusCode"]


def test_waiting_is_what_callers_do_without_jobs(echo: Container) -> None:
    headers = {**JSON, "prefer": "respond-async"}

    assert 200 == echo.web("post", PREDICT, headers=headers, body=b"{}")["statusCode"]


def test_links_lead_through_the_platform(echo: Container) -> None:
    root = "/api/v1/web/ns/pkg/echo"

    landing = echo.web("get", "/")["body"]
    assert f"{root}/v2/" == landing["versions"][0]["links"][0]["href"]
    assert f"https://xyz{root}/processes" in [one["href"] for one in landing["links"]]
    moved = echo.web("get", "/v2/models")
    assert (308, f"{root}/v2/models/") == (
        moved["statusCode"],
        moved["headers"]["location"],
    )
    assert root + PREDICT in echo.web("get", "/openapi.json")["body"]["paths"]


def test_pages_and_files_are_there(echo: Container) -> None:
    page = echo.web("get", "/api")
    picture = echo.web("get", "/static/swagger/favicon-32x32.png")

    assert page["body"].startswith("<!doctype html>")
    assert base64.b64decode(picture["body"]).startswith(b"\x89PNG")


def test_the_id_of_the_activation_is_the_requests(echo: Container) -> None:
    value = {"__ow_method": "get", "__ow_path": "/livez"}
    found = echo.run(value, activation_id="6f").result

    assert "6f" == found["headers"]["x-request-id"]


# ---------------------------------------------------------------------------- end


def test_many_runs_leave_nothing_behind(echo: Container) -> None:
    server = echo.process.process.pid
    before = len([*Path(f"/proc/{server}/fd").iterdir()])

    for number in range(300):
        value = {"string": str(number)}
        assert (200, value, *HELLO) == echo.run(value)

    assert before == len([*Path(f"/proc/{server}/fd").iterdir()])
