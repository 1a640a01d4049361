"""Limits of memory and processes, where control groups may be made."""

from __future__ import annotations

import subprocess

import pytest

from executor.runtimes import cgroups
from executor.runtimes.base import Limits

from .conftest import shell


@pytest.fixture
def groups() -> None:
    if not {"memory", "pids"} <= set(cgroups.hierarchies()[1]):
        pytest.skip("this user may not make control groups here")


def limited(script: str, memory: str) -> dict:
    return shell(script, container={"resources": {"limits": {"memory": memory}}})


@pytest.mark.usefixtures("groups")
def test_too_much_memory_is_killed_and_said(run_pod) -> None:
    ran = run_pod(limited("exec python3 -c 'x = bytearray(300 << 20); print(len(x))'", "64Mi"))
    ended = ran.ended()["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert not list(cgroups.hierarchies()[1]["memory"].glob("argorun-*"))


@pytest.mark.usefixtures("groups")
def test_enough_memory_is_enough(run_pod) -> None:
    ran = run_pod(limited("exec python3 -c 'x = bytearray(30 << 20); print(len(x))'", "256Mi"))
    assert (ran.ended()["terminated"]["exitCode"], ran.log()) == (0, "31457280\n")


@pytest.mark.usefixtures("groups")
def test_a_group_is_gone_with_what_was_in_it() -> None:
    group = cgroups.Group("argorun-test-group", Limits(memory=1 << 20))
    folders = set(group.folders.values())
    assert all(folder.is_dir() for folder in folders)
    group.remove()
    group.remove()
    assert not any(folder.exists() for folder in folders)


def test_without_groups_a_process_is_refused_more_memory(run_pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executor.runtimes.sandbox.hierarchies", lambda: ("", {}))
    code = "x = bytearray(30 << 20); print(len(x), flush=True); bytearray(300 << 20)"
    ran = run_pod(limited(f"exec python3 -c '{code}'", "128Mi"))
    ended = ran.ended()["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (1, "Error")
    assert ran.log().splitlines()[0] == "31457280"
    assert ran.log().splitlines()[-1] == "MemoryError"


@pytest.mark.usefixtures("groups")
def test_a_step_cannot_fork_without_end_though_nothing_limits_it(run_pod) -> None:
    ran = run_pod(shell("sed -n 's/.*:pids:/pids /p; s/^0::/pids /p' /proc/self/cgroup; exit 0"))
    word, place = ran.log().split()[:2]
    assert word == "pids"
    assert place.rsplit("/", 1)[1].startswith("argorun-")
    group = cgroups.Group("argorun-test-pids", Limits())
    try:
        assert set(group.folders) == {"pids"}
        assert (group.folders["pids"] / "pids.max").read_text() == f"{cgroups.PIDS}\n"
    finally:
        group.remove()


def test_without_groups_all_steps_together_may_fork_so_much_that_others_go_on() -> None:
    script = 'ulimit -u 2>/dev/null || ulimit -p; echo "$0" "$@"'
    command = cgroups.bounded(Limits(), ["/bin/sh", "-c", script, "a b", "c"])
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(cgroups.own_threads() + cgroups.USER_PIDS), "a b c"]
