"""Plain pods in real sandboxes: exits, isolation, signals, logs, environment."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from .conftest import shell

pytestmark = pytest.mark.sandbox


def wait_until(condition, seconds: float = 10.0) -> None:
    """Poll until a condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("script", "code", "reason", "phase"),
    [
        ("exit 0", 0, "Completed", "Succeeded"),
        ("exit 42", 42, "Error", "Failed"),
        ("kill -TERM $$$$", 143, "Error", "Failed"),
        ("kill -KILL $$$$", 137, "Error", "Failed"),
        ("no-such-program", 127, "Error", "Failed"),
    ],
)
def test_exit_codes_are_a_kubelets(run_pod, script: str, code: int, reason: str, phase: str) -> None:
    ran = run_pod(shell(script))
    ended = ran.ended()["terminated"]
    assert (ended["exitCode"], ended["reason"], ran.final["phase"]) == (code, reason, phase)


def test_a_program_that_does_not_exist(run_pod) -> None:
    ran = run_pod(shell("", container={"command": ["no-such-program", "x"]}))
    ended = ran.ended()["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (127, "StartError")
    assert ended["message"] == 'exec: "no-such-program": executable file not found in $PATH'
    assert ran.log() == ""


def test_a_file_that_is_not_a_program(run_pod) -> None:
    ended = run_pod(shell("", container={"command": ["/etc/passwd"]})).ended()["terminated"]
    assert (ended["exitCode"], ended["message"]) == (126, 'exec: "/etc/passwd": permission denied')


def test_the_status_is_whole(run_pod) -> None:
    ran = run_pod(shell("echo hi; echo why > /dev/termination-log; exit 3"))
    phases = [status["phase"] for status in ran.statuses]
    assert phases == ["Pending", "Running", "Running", "Failed"]
    assert ran.statuses[0]["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert list(ran.statuses[1]["containerStatuses"][0]["state"]) == ["running"]
    final = ran.final
    assert (final["podIP"], final["hostIP"]) == ("127.0.0.1", "127.0.0.1")
    assert {c["type"]: c["status"] for c in final["conditions"]} == {
        "PodScheduled": "True",
        "Initialized": "True",
        "ContainersReady": "False",
        "Ready": "False",
    }
    ended = ran.ended()["terminated"]
    assert ended["message"] == "why\n"
    assert set(ended) == {"exitCode", "reason", "message", "startedAt", "finishedAt", "containerID"}
    assert ran.results == []


def test_two_pods_write_the_same_absolute_path_at_once(run_pod) -> None:
    script = "echo $0 > /tmp/out; mkdir /src /work2 2>/dev/null; echo $0 > /work2/out; sleep 0.3; cat /tmp/out /work2/out"
    pods = []
    for name in ("one", "two"):
        pods.append(
            run_pod(shell("", name=name, container={"command": ["sh", "-c", script, name]}), wait=False)
        )
    for name, ran in zip(("one", "two"), pods, strict=True):
        ran.handle.wait(20)
        assert ran.log() == f"{name}\n{name}\n"
    assert not Path("/work2").exists()


def test_nothing_of_the_hosts_environment_or_home_gets_in(run_pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leaked")
    monkeypatch.setenv("LD_PRELOAD_X", "leaked")
    ran = run_pod(
        shell(
            "env | cut -d= -f1 | sort | tr '\\n' ' '; ls -A /root /home; test ! -e /etc/shadow && echo clean"
        )
    )
    names, _, rest = ran.log().partition("/home:")
    assert set(names.split()) - {"_", "SHLVL", "OLDPWD"} == {"HOME", "HOSTNAME", "PATH", "PWD"}
    assert rest.split() == ["/root:", "clean"]


def test_secrets_are_not_in_the_process_list(run_pod) -> None:
    pod = shell("sleep 5", container={"env": [{"name": "TOKEN", "value": "very-secret-value"}]})
    ran = run_pod(pod, wait=False)
    wait_until(lambda: ran.statuses and ran.statuses[-1]["phase"] == "Running")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            assert b"very-secret-value" not in line
    ran.handle.kill()


def test_a_step_that_ignores_sigterm_is_killed_with_its_grandchildren(run_pod) -> None:
    marker = f"31.{os.getpid()}"
    script = f"trap '' TERM; (sh -c 'trap \"\" TERM; sleep {marker}; sleep {marker}' &) ; echo ready; while :; do sleep 0.05; done"
    ran = run_pod(shell(script), wait=False)
    wait_until(lambda: ran.handle.log_path("main").exists() and "ready" in ran.log())
    ran.handle.terminate(0.2)
    assert ran.handle.wait(10) is not None
    assert ran.ended()["terminated"]["exitCode"] == 137
    assert not _processes(marker)


def test_sigterm_reaches_the_programs_own_handler(run_pod) -> None:
    script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    ran = run_pod(shell(script), wait=False)
    wait_until(lambda: ran.handle.log_path("main").exists() and "ready" in ran.log())
    ran.handle.terminate(10)
    assert ran.handle.wait(10) is not None
    assert ran.ended()["terminated"]["exitCode"] == 7
    assert ran.log() == "ready\nbye\n"


def test_what_the_main_process_leaves_behind_dies_with_it(run_pod) -> None:
    marker = f"32.{os.getpid()}"
    ran = run_pod(shell(f"setsid sleep {marker} >/dev/null 2>&1 & exit 0"))
    assert ran.final["phase"] == "Succeeded"
    assert not _processes(marker)


def _processes(word: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if f"sleep\0{word}" in line:
                found.append(line)
    return found


def test_logs_keep_every_byte(run_pod) -> None:
    ran = run_pod(shell("printf 'a\\377\\000\\033[31mred\\n'; printf 'err\\n' >&2"))
    assert b"".join(ran.handle.logs("main")) == b"a\xff\x00\x1b[31mred\nerr\n"


def test_following_a_log_ends_with_the_container(run_pod) -> None:
    ran = run_pod(shell("echo one; sleep 0.3; echo two"), wait=False)
    assert b"".join(ran.handle.logs("main", follow=True)) == b"one\ntwo\n"


def test_a_pod_deadline(run_pod) -> None:
    ran = run_pod(shell("sleep 30", activeDeadlineSeconds=0.3, terminationGracePeriodSeconds=1))
    assert (ran.final["phase"], ran.final["reason"]) == ("Failed", "DeadlineExceeded")
    assert ran.final["message"] == "Pod was active on the node longer than the specified deadline"
    assert ran.ended()["terminated"]["exitCode"] == 143


def test_environment_from_secrets_config_maps_and_fields(run_pod) -> None:
    env = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "absent", "optional": True}}},
        {"name": "C", "value": "$(A)-$$(A)-$(NOPE)"},
        {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    pod = shell(
        "echo $A ${B-unset} $C $D $P_x",
        container={"env": env, "envFrom": [{"prefix": "P_", "configMapRef": {"name": "c"}}]},
    )
    ran = run_pod(pod, secrets={("ns", "s"): {"k": "s3cret"}}, config_maps={("ns", "c"): {"x": "y"}})
    assert ran.log() == "s3cret unset s3cret-$(A)-$(NOPE) pod y\n"


def test_a_missing_secret_ends_the_pod_and_names_it(run_pod) -> None:
    pod = shell(
        "true",
        container={"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "k"}}}]},
    )
    ran = run_pod(pod)
    ended = ran.ended()["terminated"]
    assert (ran.final["phase"], ended["reason"]) == ("Failed", "CreateContainerConfigError")
    assert ended["message"] == 'secret "nope" not found'


def test_an_image_without_a_rule_is_never_run(run_pod) -> None:
    ran = run_pod(shell("touch /tmp/ran", container={"image": "registry.example.com/team/tool:1"}))
    waiting = ran.ended()["waiting"]
    assert (ran.final["phase"], waiting["reason"]) == ("Failed", "ErrImagePull")
    assert 'image "registry.example.com/team/tool:1"' in waiting["message"]
    assert "local.images" in waiting["message"]


def test_volumes(run_pod, tmp_path: Path) -> None:
    volumes = [
        {"name": "e", "emptyDir": {}},
        {"name": "c", "configMap": {"name": "c", "items": [{"key": "x", "path": "deep/file"}]}},
        {"name": "s", "secret": {"secretName": "s"}},
        {
            "name": "d",
            "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]},
        },
        {"name": "p", "persistentVolumeClaim": {"claimName": "claim"}},
    ]
    mounts = [{"name": v["name"], "mountPath": f"/v/{v['name']}"} for v in volumes]
    script = "cat /v/c/deep/file /v/s/k /v/d/name; echo kept > /v/p/f; echo e > /v/e/f; echo no > /v/c/deep/file || echo read-only"
    pod = shell(script, volumes=volumes, container={"volumeMounts": mounts})
    claims = tmp_path / "claims"
    ran = run_pod(
        pod,
        secrets={("ns", "s"): {"k": "sec\n"}},
        config_maps={("ns", "c"): {"x": "conf\n"}},
        claims_dir=claims,
    )
    assert ran.log().startswith("conf\nsec\npod")
    assert ran.log().endswith("read-only\n")
    assert (claims / "ns" / "claim" / "f").read_text() == "kept\n"


def test_a_host_path_is_refused(run_pod) -> None:
    pod = shell(
        "cat /h/shadow",
        volumes=[{"name": "h", "hostPath": {"path": "/etc"}}],
        container={"volumeMounts": [{"name": "h", "mountPath": "/h"}]},
    )
    waiting = run_pod(pod).ended()["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    assert "hostPath '/etc' is refused" in waiting["message"]


def test_init_containers_run_in_order_and_stop_at_the_first_failure(run_pod) -> None:
    pod = shell("echo main")
    mount = [{"name": "w", "mountPath": "/w"}]
    pod["spec"]["volumes"] = [{"name": "w", "emptyDir": {}}]
    pod["spec"]["initContainers"] = [
        {
            "name": "a",
            "image": "alpine",
            "command": ["sh", "-c", "echo a >> /w/order"],
            "volumeMounts": mount,
        },
        {
            "name": "b",
            "image": "alpine",
            "command": ["sh", "-c", "echo b >> /w/order; cat /w/order; exit 5"],
            "volumeMounts": mount,
        },
    ]
    ran = run_pod(pod)
    assert ran.final["phase"] == "Failed"
    assert ran.log("b") == "a\nb\n"
    assert ran.ended("b")["terminated"]["exitCode"] == 5
    assert ran.ended("main") == {"waiting": {"reason": "PodInitializing"}}


def test_python_images_use_the_interpreter_of_this_installation(run_pod) -> None:
    import sys

    pod = shell(
        "",
        container={
            "image": "python:3.12-slim",
            "command": ["python", "-c", "import sys, json; print(sys.version_info[:2])"],
        },
    )
    assert run_pod(pod).log() == f"{tuple(sys.version_info[:2])}\n"


def test_a_container_cannot_leave_its_root_by_a_link(run_pod) -> None:
    ran = run_pod(shell("ln -s /etc/hostname /tmp/link; ln -s ../../../../../../etc/shadow /tmp/up"))
    handle = ran.handle.runs["main"].handle
    assert handle is not None
    found = handle.export("/tmp/link")
    assert found is not None
    assert found.read_text() == "pod\n"
    assert handle.export("/tmp/up") is None


def test_a_restart_policy_is_kept_for_plain_pods(run_pod) -> None:
    mount = [{"name": "w", "mountPath": "/w"}]
    pod = shell(
        "test -e /w/again && exit 0; touch /w/again; exit 1",
        restartPolicy="OnFailure",
        volumes=[{"name": "w", "emptyDir": {}}],
        container={"volumeMounts": mount},
    )
    ran = run_pod(pod)
    assert ran.final["phase"] == "Succeeded"
    assert ran.final["containerStatuses"][0]["restartCount"] == 1
