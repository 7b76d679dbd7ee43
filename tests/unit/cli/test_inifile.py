"""INI files of 2.x are read as oslo.config reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepaas.cli import inifile
from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deepaas.settings import Given


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["[DEFAULT]", *lines, ""]))
    return path


def values(given: Iterable[Given]) -> dict[str, object]:
    return {one.key: one.value for one in given}


def test_a_file_of_2x_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "deepaas.conf",
        "# the whole machine",
        "listen_ip = 0.0.0.0",
        "listen_port: 5001",
        "; commented_out = 1",
        "client-max-size=100",
        "train_endpoint = false",
        "model_name = 'my model'",
        "",
        "[other]",
        "workers = 9",
    )

    assert {
        "server.listen_ip": "0.0.0.0",  # noqa: S104 - it is data here
        "server.listen_port": "5001",
        "limits.body_bytes": "100",
        "api.train_endpoint": "false",
        "models.names": "my model",
    } == values(inifile.read_file(path))


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conf", "rate_limit_burst = 0", "LISTEN_PORT = 1")

    assert {} == values(inifile.read_file(path))


def test_a_repeated_key_counts_as_it_stands_last(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conf", "workers = 1", "workers = 2")

    assert {"workers.per_model": "2"} == values(inifile.read_file(path))


def test_a_value_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conf", "some_list = a", "  b", "workers = 2")

    assert {"workers.per_model": "2"} == values(inifile.read_file(path))


def test_a_value_knows_its_file_and_key(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conf", "listen-port = x")
    [given] = inifile.read_file(path)

    assert f"{path}, listen-port" == given.source
    assert given.is_from_file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[DEFAULT]\nnonsense\n", "is not an INI file: .*nonsense"),
        ("workers = 1\n", "is not an INI file: .*no section headers"),
        ("[DEFAULT]\nname = \xe9\n", "is not an INI file: .*utf-8"),
        ("[DEFAULT]\ndebug = perhaps\n", "debug cannot be 'perhaps'"),
    ],
)
def test_a_broken_file_is_told_in_one_line(
    content: str, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(ConfigurationError, match=expected) as caught:
        list(inifile.read_file(path))

    assert "\n" not in caught.value.detail


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^/nowhere cannot be read: No such"):
        list(inifile.read_file("/nowhere"))


def test_a_toml_file_leads_to_the_right_option() -> None:
    with pytest.raises(ConfigurationError, match="give it with --config"):
        list(inifile.read_file("deepaas.toml"))


def test_the_files_of_a_folder_are_read_by_their_names(tmp_path: Path) -> None:
    write(tmp_path / "b.conf", "workers = 2")
    write(tmp_path / "a.conf", "workers = 1", "warm = false")
    write(tmp_path / "z.ini", "workers = 9")

    assert {"workers.per_model": "2", "models.warm": "false"} == values(
        inifile.read_folder(tmp_path)
    )


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^/nowhere is not a folder"):
        list(inifile.read_folder("/nowhere"))


class Machine:
    """A home and an /etc with configuration files."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.etc = root / "etc"

    def put(self, path: str, *lines: str) -> None:
        write(self.home.parent / path, *lines)

    def read(self, **options: bool) -> dict[str, object]:
        given = inifile.read_defaults(
            "deepaas-run", home=self.home, system=self.etc, **options
        )
        return values(given)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_files_sets_nothing(machine: Machine) -> None:
    assert {} == machine.read()


def test_the_first_default_file_counts_alone(machine: Machine) -> None:
    machine.put("home/.deepaas/deepaas.conf", "workers = 1")
    machine.put("home/deepaas.conf", "workers = 2", "warm = false")
    machine.put("etc/deepaas/deepaas.conf", "workers = 3")
    machine.put("etc/deepaas.conf", "workers = 4")

    assert {"workers.per_model": "1"} == machine.read()


@pytest.mark.parametrize(
    "place", ["home/.deepaas", "home", "etc/deepaas", "etc"], ids=lambda place: place
)
def test_default_files_are_found(place: str, machine: Machine) -> None:
    machine.put(f"{place}/deepaas.conf", "workers = 2")

    assert {"workers.per_model": "2"} == machine.read()


def test_the_file_of_the_program_is_stronger(machine: Machine) -> None:
    machine.put("home/.deepaas/deepaas-run.conf", "workers = 1")
    machine.put("home/.deepaas/deepaas.conf", "workers = 2", "warm = false")

    assert {"workers.per_model": "1", "models.warm": "false"} == machine.read()


def test_a_default_folder_is_stronger_than_a_default_file(machine: Machine) -> None:
    machine.put("home/.deepaas/deepaas.conf.d/a.conf", "workers = 1")
    machine.put("etc/deepaas.conf", "workers = 2", "warm = false")

    assert {"workers.per_model": "1", "models.warm": "false"} == machine.read()


def test_files_or_folders_of_the_command_line_replace_the_default_ones(
    machine: Machine,
) -> None:
    machine.put("home/deepaas.conf", "workers = 1")
    machine.put("home/deepaas.conf.d/a.conf", "warm = false")

    assert {"models.warm": "false"} == machine.read(without_files=True)
    assert {"workers.per_model": "1"} == machine.read(without_folders=True)
