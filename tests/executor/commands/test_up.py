"""What `argorun up` starts."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.commands import clusterdir, up


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    return parser.parse_args(list(words))


def test_another_controller_may_have_the_workflows() -> None:
    words = ("--no-controller", "--audit-log", "/var/log/audit.log")
    found = up.components(Path("/d"), Path("/k"), None, arguments(*words))
    assert [component.name for component in found] == ["apiserver", "kubelet"]
    assert found[0].argv[-2:] == ["--audit-log", "/var/log/audit.log"]


def test_argosync_is_started_last_and_with_its_configuration() -> None:
    found = up.components(
        Path("/d"),
        Path("/k"),
        Path("/s.yaml"),
        arguments("--port", "7", "--max-pods", "3", "--runtime", "process", "--crds", "full"),
    )
    assert [(c.name, c.ready, c.after_ready) for c in found] == [
        ("apiserver", False, False),
        ("controller", True, False),
        ("kubelet", True, False),
        ("argosync", False, True),
    ]
    lines = [" ".join(component.argv[1:]) for component in found]
    assert lines == [
        "-m executor apiserver --data /d --kubeconfig /k --port 7 --crds full",
        "-m executor controller --kubeconfig /k --wait 60 --local-images --ready-file /d/ready/controller",
        "-m executor kubelet --kubeconfig /k --wait 60 --data /d --ready-file /d/ready/kubelet --runtime process --max-pods 3",
        "-m reconciler run --config /s.yaml --kubeconfig /k",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "99999"], "--port 99999: not a port number"),
        (["--sync", "/nowhere.yaml"], "--sync /nowhere.yaml: no such file"),
        (["--kubeconfig", "/no/where/k"], "--kubeconfig /no/where/k: its directory does not exist"),
        (["--data", "/dev/null/x"], "/dev/null/x: cannot be used as the data directory: Not a directory"),
    ],
)
def test_mistakes_are_said_before_anything_is_started(tmp_path: Path, words: list[str], message: str) -> None:
    given = words if "--data" in words else ["--data", str(tmp_path / "d"), *words]
    with pytest.raises(UserError, match=message):
        up.run(arguments(*given))


def test_a_recycled_pid_is_not_taken_for_the_supervisor(tmp_path: Path) -> None:
    import os

    start = clusterdir.process_start(os.getpid())
    assert clusterdir.is_running({"pid": os.getpid(), "start": start})
    assert not clusterdir.is_running({"pid": os.getpid(), "start": "another time"})
    assert not clusterdir.is_running({"pid": 2**22 + 1, "start": start})
    assert not clusterdir.is_running(None)


def test_one_lock_a_data_directory(tmp_path: Path) -> None:
    import os

    clusterdir.prepare(tmp_path)
    assert not clusterdir.is_locked(tmp_path)
    handle = clusterdir.lock(tmp_path)
    assert clusterdir.is_locked(tmp_path)
    with pytest.raises(UserError, match="a cluster already runs here"):
        clusterdir.lock(tmp_path)
    os.close(handle)
    assert not clusterdir.is_locked(tmp_path)
