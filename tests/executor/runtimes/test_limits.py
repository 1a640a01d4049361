"""Limits of memory and processes, where control groups may be made."""

from __future__ import annotations

import pytest

from executor.runtimes import cgroups
from executor.runtimes.base import Limits

from .conftest import shell


@pytest.fixture(autouse=True)
def _needs_groups() -> None:
    if not {"memory", "pids"} <= set(cgroups.hierarchies()[1]):
        pytest.skip("this user may not make control groups here")


def limited(script: str, memory: str) -> dict:
    return shell(script, container={"resources": {"limits": {"memory": memory}}})


def test_too_much_memory_is_killed_and_said(run_pod) -> None:
    ran = run_pod(limited("exec python3 -c 'x = bytearray(300 << 20); print(len(x))'", "64Mi"))
    ended = ran.ended()["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert not list(cgroups.hierarchies()[1]["memory"].glob("argorun-*"))


def test_enough_memory_is_enough(run_pod) -> None:
    ran = run_pod(limited("exec python3 -c 'x = bytearray(30 << 20); print(len(x))'", "256Mi"))
    assert (ran.ended()["terminated"]["exitCode"], ran.log()) == (0, "31457280\n")


def test_a_group_is_gone_with_what_was_in_it() -> None:
    group = cgroups.Group("argorun-test-group", Limits(memory=1 << 20))
    folders = set(group.folders.values())
    assert all(folder.is_dir() for folder in folders)
    group.remove()
    group.remove()
    assert not any(folder.exists() for folder in folders)
