"""The process runtime, for machines without user namespaces: what it refuses, and what it keeps private."""

from __future__ import annotations

import os
from pathlib import Path

from executor.runtimes.process import ProcessRuntime

from .conftest import argo, shell


def test_exit_codes_logs_and_leftovers(run_pod) -> None:
    ran = run_pod(shell("echo out; echo err >&2; sleep 33 & exit 4"), runtime=ProcessRuntime())
    assert (ran.log(), ran.ended()["terminated"]["exitCode"]) == ("out\nerr\n", 4)


def test_a_script_and_its_outputs(run_pod, tmp_path: Path) -> None:
    path = f"/tmp/argorun-test-{os.getpid()}"
    script = {
        "image": "python:3.12",
        "command": ["python"],
        "source": f"open('{path}', 'w').write('v')\nprint('r')\n",
    }
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": path}}]}
    ran = run_pod(
        argo({"name": "main", "script": script, "outputs": outputs}, result=True), runtime=ProcessRuntime()
    )
    assert ran.outputs == {"result": "r", "parameters": [{**outputs["parameters"][0], "value": "v"}]}
    assert not os.path.lexists(path)


def test_an_output_path_that_is_in_use_is_refused(run_pod, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": str(taken)}}]}
    made = {"name": "main", "container": {"image": "alpine", "command": ["true"]}, "outputs": outputs}
    ran = run_pod(argo(made), runtime=ProcessRuntime())
    message = ran.ended()["terminated"]["message"]
    assert f"the output path {taken} is not private, and it is in use" in message
    assert taken.read_text() == "mine"


def test_a_mount_that_would_replace_a_path_is_refused(run_pod) -> None:
    pod = shell(
        "true",
        volumes=[{"name": "v", "emptyDir": {}}],
        container={"volumeMounts": [{"name": "v", "mountPath": "/etc"}]},
    )
    ran = run_pod(pod, runtime=ProcessRuntime())
    assert "without a sandbox /etc cannot be mounted" in ran.ended()["terminated"]["message"]
    assert not Path("/etc").is_symlink()


def test_a_mount_is_a_link_for_as_long_as_the_container_lives(run_pod, tmp_path: Path) -> None:
    target = f"/tmp/argorun-mount-{os.getpid()}"
    pod = shell(
        f"echo data > {target}/f; cat {target}/f",
        volumes=[{"name": "v", "emptyDir": {}}],
        container={"volumeMounts": [{"name": "v", "mountPath": target}]},
    )
    ran = run_pod(pod, runtime=ProcessRuntime())
    assert ran.log() == "data\n"
    assert not os.path.lexists(target)
