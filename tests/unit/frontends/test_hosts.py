"""For whom a request believes it speaks to."""

from __future__ import annotations

import pytest

from deepaas.frontends.api.hosts import HostCheck


def allows(*hosts: str, listen_ip: str = "127.0.0.1") -> bool:
    check = HostCheck(listen_ip=listen_ip, allowed_hosts=["Models.example.org"])
    headers = [(b"accept", b"*/*"), *((b"host", host.encode()) for host in hosts)]
    return check.allows(headers)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:5000",
        "127.0.0.1:5000",
        "[::1]",
        "[::1]:5000",
        "models.example.org",
        "models.example.org:443",
    ],
)
def test_names_of_this_server_are_allowed(host: str) -> None:
    assert allows(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost/evil",
        "localhost:5000:1",
        "::1",
        "[::1",
        "localhost:port",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert not allows(host)


def test_a_request_names_its_host_exactly_once() -> None:
    assert not allows()
    assert not allows("localhost", "localhost")


@pytest.mark.parametrize(
    ("address", "host"),
    [("192.0.2.7", "192.0.2.7:80"), ("2001:db8::7", "[2001:db8::7]")],
)
def test_the_address_that_it_listens_on_is_a_name(address: str, host: str) -> None:
    assert allows(host, listen_ip=address)
