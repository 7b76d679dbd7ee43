"""The strongest source wins, and a wrong value says where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import ConfigurationError
from deepaas.settings import Given, Settings, load_settings, unknown_variables

if TYPE_CHECKING:
    from pathlib import Path


def option(key: str, value: Any, source: str = "--option") -> Given:
    return Given(key=key, value=value, source=source)


def in_file(key: str, value: Any) -> Given:
    return Given(key=key, value=value, source="a.conf", is_from_file=True)


def load(**sources: Any) -> Settings:
    return load_settings(**{"profile": "serve", "environ": {}, **sources})


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("settings") / "deepaas.toml"
    path.write_text("[limits]\nbody_bytes = 3\n")
    return str(path)


WEAKEST_FIRST = {
    "profile": 0,
    "default file": 2,
    "toml": 3,
    "named file": 4,
    "OS_DEFAULT": 5,
    "DEEPAAS": 6,
    "option": 7,
}
"""Each source, and the value that it gives to `limits.body_bytes` in the next test."""


@given(st.sets(st.sampled_from([*WEAKEST_FIRST][1:])))
def test_the_strongest_source_wins(toml: str, used: set[str]) -> None:
    key = "limits.body_bytes"
    environ = {
        "OS_DEFAULT": {"OS_DEFAULT__CLIENT_MAX_SIZE": "5"},
        "DEEPAAS": {"DEEPAAS_LIMITS__BODY_BYTES": "6"},
    }
    settings = load(
        profile="run",
        default_files=[in_file(key, "2")] if "default file" in used else [],
        config_file=toml if "toml" in used else "",
        environ={
            name: value
            for source, variables in environ.items()
            if source in used
            for name, value in variables.items()
        },
        command_line=[
            *([in_file(key, "4")] if "named file" in used else []),
            *([option(key, "7")] if "option" in used else []),
        ],
    )

    expected = max(WEAKEST_FIRST[source] for source in {*used, "profile"})
    assert expected == settings.limits.body_bytes


def test_a_file_named_after_an_option_overrides_it() -> None:
    said = [option("workers.per_model", "2"), in_file("workers.per_model", "3")]

    assert 3 == load(command_line=said).workers.per_model


def test_an_option_named_after_a_file_overrides_it() -> None:
    said = [in_file("workers.per_model", "3"), option("workers.per_model", "2")]

    assert 2 == load(command_line=said).workers.per_model


def test_the_environment_overrides_a_file_that_overrides_an_option() -> None:
    settings = load(
        command_line=[
            option("workers.per_model", "2"),
            in_file("workers.per_model", "3"),
        ],
        environ={"OS_DEFAULT__WORKERS": "4"},
    )

    assert 4 == settings.workers.per_model


def test_later_default_files_override_earlier_ones() -> None:
    files = [in_file("log.level", "error"), in_file("log.level", "debug")]

    assert "debug" == load(default_files=files).log.level


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({}, ("installed",)),
        ({"default_files": [in_file("models.names", "filed")]}, ("filed",)),
        ({"command_line": [option("models.names", ("named",))]}, ("named",)),
    ],
)
def test_the_variable_of_2x_names_the_model_if_nothing_else_does(
    sources: dict[str, Any], expected: tuple[str, ...]
) -> None:
    settings = load(environ={"DEEPAAS_V2_MODEL": "installed"}, **sources)

    assert expected == settings.models.names


def test_a_toml_file_is_stronger_than_the_variable_of_2x(tmp_path: Path) -> None:
    path = tmp_path / "deepaas.toml"
    path.write_text('models.names = ["a", "b"]')
    environ = {"DEEPAAS_V2_MODEL": "installed", "DEEPAAS_CONFIG": str(path)}

    assert ("a", "b") == load(environ=environ).models.names


def test_an_option_names_another_toml_file_than_the_environment(toml: str) -> None:
    settings = load(config_file=toml, environ={"DEEPAAS_CONFIG": "/nowhere"})

    assert 3 == settings.limits.body_bytes


def test_an_empty_variable_says_nothing() -> None:
    environ = {
        "DEEPAAS_SERVER__LISTEN_PORT": "",
        "OS_DEFAULT__WORKERS": "",
        "DEEPAAS_V2_MODEL": "",
        "DEEPAAS_CONFIG": "",
    }

    assert load() == load(environ=environ)


def test_deepaas_run_has_the_habits_of_2x() -> None:
    settings = load(profile="run")

    assert ("*",) == settings.server.allowed_hosts
    assert settings.server.insecure_no_auth
    assert 0 == settings.limits.body_bytes
    assert 0 == settings.limits.deadline_s


def test_deepaas_serve_has_the_defaults_of_the_tree() -> None:
    assert Settings() == load(profile="serve")


@pytest.mark.parametrize(
    ("variable", "value", "attribute", "expected"),
    [
        ("DEEPAAS_MODELS__NAMES", "plants, dogs", "models.names", ("plants", "dogs")),
        ("DEEPAAS_MODELS__WARM", "no", "models.warm", False),
        ("DEEPAAS_LIMITS__BODY_BYTES", "2GiB", "limits.body_bytes", 2 << 30),
        ("DEEPAAS_LIMITS__DEADLINE_S", "1.5", "limits.deadline_s", 1.5),
        ("DEEPAAS_LOG__LEVEL", "WARNING", "log.level", "warning"),
        ("DEEPAAS_ERROR_DETAIL", "0", "error_detail", False),
        ("DEEPAAS_SERVER__BASE_PATH", "/a//b/", "server.base_path", "/a/b"),
        ("DEEPAAS_SERVER__BASE_PATH", "/", "server.base_path", ""),
        ("OS_DEFAULT__DEBUG", "true", "log.level", "debug"),
        ("OS_DEFAULT__DEBUG", "false", "log.level", "info"),
        ("OS_DEFAULT__USE_JSON", "yes", "log.format", "json"),
        ("OS_DEFAULT__WARM", "off", "models.warm", False),
    ],
)
def test_a_value_is_read(
    variable: str, value: str, attribute: str, expected: object
) -> None:
    found: object = load(environ={variable: value})
    for name in attribute.split("."):
        found = getattr(found, name)

    assert expected == found


def test_a_platforms_port_is_stronger_than_files(tmp_path: Path) -> None:
    toml = tmp_path / "a.toml"
    toml.write_text("[server]\nlisten_port = 6000\nlinger_s = 0\n")
    server = load(config_file=str(toml), environ={"PORT": "8123"}).server

    assert (8123, 3) == (server.listen_port, server.linger_s)


def test_openwhisk_asks_its_own_port_whatever_other_platforms_say() -> None:
    environ = {"PORT": "8123", "OSCAR_SERVICE_BASE_PATH": "/a"}
    server = load(profile="openwhisk", environ=environ).server

    assert (8080, 0, "") == (server.listen_port, server.linger_s, server.proxy_prefix)


def test_a_platforms_port_is_weaker_than_what_is_meant_for_us() -> None:
    environ = {"PORT": "8123", "DEEPAAS_SERVER__LINGER_S": "0"}
    said = [option("server.listen_port", "7000")]
    server = load(environ=environ, command_line=said).server

    assert (7000, 0) == (server.listen_port, server.linger_s)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (
            "PORT",
            "http",
            "PORT: server.listen_port cannot be 'http'; "
            "allowed: a whole number from 0 to 65535",
        ),
        (
            "DEEPAAS_SERVER__LISTEN_PORT",
            "99999",
            "DEEPAAS_SERVER__LISTEN_PORT: server.listen_port cannot be '99999'; "
            "allowed: a whole number from 0 to 65535",
        ),
        (
            "OS_DEFAULT__WORKERS",
            "0",
            "OS_DEFAULT__WORKERS: workers.per_model cannot be '0'; "
            "allowed: a whole number of at least 1",
        ),
        (
            "DEEPAAS_LIMITS__DEADLINE_S",
            "nan",
            "DEEPAAS_LIMITS__DEADLINE_S: limits.deadline_s cannot be 'nan'; "
            "allowed: a number of at least 0",
        ),
        (
            "DEEPAAS_LIMITS__BODY_BYTES",
            "-1",
            "DEEPAAS_LIMITS__BODY_BYTES: limits.body_bytes cannot be '-1'; "
            "allowed: a number of bytes, such as 1000000, 100MB or 2GiB",
        ),
        (
            "DEEPAAS_MODELS__WARM",
            "perhaps",
            "DEEPAAS_MODELS__WARM: models.warm cannot be 'perhaps'; "
            "allowed: true or false",
        ),
        (
            "OS_DEFAULT__DEBUG",
            "perhaps",
            "OS_DEFAULT__DEBUG cannot be 'perhaps'; allowed: true or false",
        ),
        (
            "DEEPAAS_LOG__FORMAT",
            "xml",
            "DEEPAAS_LOG__FORMAT: log.format cannot be 'xml'; "
            "allowed: auto, text or json",
        ),
        (
            "DEEPAAS_SERVER__BASE_PATH",
            "models",
            "DEEPAAS_SERVER__BASE_PATH: server.base_path cannot be 'models'; "
            "a base path begins with '/'",
        ),
    ],
)
def test_a_wrong_value_says_where_it_stands_and_what_is_allowed(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(environ={variable: value})

    assert expected == caught.value.detail


def test_a_wrong_value_names_its_setting() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(command_line=[option("server.base_path", "x", "--base-path")])

    assert "server.base_path" == caught.value.setting


def test_a_wrong_value_that_loses_does_no_harm() -> None:
    said = [option("workers.per_model", "2")]
    settings = load(command_line=said, environ={"OS_DEFAULT__WORKERS": "many"})

    assert 2 == settings.workers.per_model


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "[limits]\nqueue_sise = 3",
            "{path}: there is no setting 'limits.queue_sise'; "
            "did you mean limits.queue_size?",
        ),
        ("colour = 3", "{path}: there is no setting 'colour'"),
        ("limits = 3", "{path}: there is no setting 'limits'"),
        (
            "[workers]\nper_model = 'many'",
            "{path}: workers.per_model cannot be 'many'; "
            "allowed: a whole number of at least 1",
        ),
        (
            "[models]\nnames = ['a', 1]",
            "{path}: models.names cannot be ['a', 1]; "
            "allowed: names, separated by commas",
        ),
    ],
)
def test_a_wrong_toml_file_says_what_is_wrong(
    content: str, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "deepaas.toml"
    path.write_text(content)

    with pytest.raises(ConfigurationError) as caught:
        load(config_file=str(path))

    assert expected.format(path=path) == caught.value.detail


def test_a_missing_toml_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^/nowhere cannot be read: No such"):
        load(config_file="/nowhere")


def test_an_ini_file_given_as_toml_leads_to_the_right_option(tmp_path: Path) -> None:
    path = tmp_path / "deepaas.conf"
    path.write_text("[DEFAULT]\nlisten_ip = 0.0.0.0\n")

    with pytest.raises(ConfigurationError, match=r"not TOML: .* with --config-file"):
        load(config_file=str(path))


def test_an_unknown_variable_of_ours_is_warned_about() -> None:
    environ = {
        "DEEPAAS_LIMITS__BODY_BYTE": "1",
        "DEEPAAS_CONFIG": "",
        "DEEPAAS_V2_MODEL": "",
        "DEEPAAS_LOG__LEVEL": "",
        "DEEPAAS_QQ": "",
        "HOME": "/",
    }

    assert [
        "The environment variable DEEPAAS_LIMITS__BODY_BYTE is not known and has no "
        "effect; did you mean DEEPAAS_LIMITS__BODY_BYTES?",
        "The environment variable DEEPAAS_QQ is not known and has no effect",
    ] == unknown_variables(environ)
