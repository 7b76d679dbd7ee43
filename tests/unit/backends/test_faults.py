"""The points where a test lets the program fail."""

from __future__ import annotations

import errno

import pytest

from deepaas.backends import faults


def test_without_a_test_nothing_happens() -> None:
    faults.inject("store.before_commit")


def test_only_the_named_point_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_fault", faults._Fault("a.b:error"))

    faults.inject("a.c")
    for _ in range(2):
        with pytest.raises(OSError, match="error") as raised:
            faults.inject("a.b")
        assert errno.EIO == raised.value.errno


def test_a_fault_may_wait_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_fault", faults._Fault("a.b:error:3"))

    faults.inject("a.b")
    faults.inject("a.b")
    with pytest.raises(OSError, match="error"):
        faults.inject("a.b")

    faults.inject("a.b")
