"""Pods as the engine makes them: argoexec's init and wait played in process."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import argo

pytestmark = pytest.mark.sandbox


def template(script: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": "main", "container": {"image": "alpine", "command": ["sh", "-c", script]}, **fields}


def tar_gz(entries: dict[str, bytes | str]) -> bytes:
    """A tar.gz; a str value is the target of a symbolic link."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb") as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def put(store: Any, key: str, content: bytes) -> None:
    path = store.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_the_task_result_has_upstreams_shape(run_pod) -> None:
    ran = run_pod(
        argo(
            template(
                "echo hi; echo x > /tmp/p",
                outputs={"parameters": [{"name": "p", "valueFrom": {"path": "/tmp/p"}}]},
            ),
            result=True,
        )
    )
    assert ran.final["phase"] == "Succeeded"
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "wf", "uid": "u-1"}
    first, last = ran.results
    assert first == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTaskResult",
        "metadata": {
            "name": "wf-1",
            "namespace": "ns",
            "labels": {
                "workflows.argoproj.io/workflow": "wf",
                "workflows.argoproj.io/report-outputs-completed": "false",
            },
            "ownerReferences": [owner],
        },
    }
    assert last["metadata"]["labels"]["workflows.argoproj.io/report-outputs-completed"] == "true"
    assert last["outputs"] == {
        "result": "hi",
        "parameters": [{"name": "p", "valueFrom": {"path": "/tmp/p"}, "value": "x"}],
    }
    assert ran.ended("wait")["terminated"]["exitCode"] == 0
    assert ran.ended("init")["terminated"]["exitCode"] == 0


def test_a_result_is_the_last_256_kib_without_one_newline(run_pod) -> None:
    ran = run_pod(
        argo(template("head -c 300000 /dev/zero | tr '\\0' x; echo; echo; echo err >&2"), result=True)
    )
    assert ran.outputs["result"] == "x" * (256 * 1024 - 2) + "\n"
    assert ran.log().endswith("err\n") or "err\n" in ran.log()


def test_a_script_is_staged_and_run(run_pod) -> None:
    script = {
        "image": "python:3.12",
        "command": ["python"],
        "source": "import sys\nprint('héllo', __file__)\n",
    }
    ran = run_pod(argo({"name": "main", "script": script}, result=True))
    assert ran.outputs["result"] == "héllo /argo/staging/script"


def test_outputs_are_saved_when_main_fails(run_pod) -> None:
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    ran = run_pod(argo(template("echo v > /p; exit 9", outputs=outputs)))
    assert ran.final["phase"] == "Failed"
    assert ran.ended()["terminated"]["exitCode"] == 9
    assert ran.outputs["parameters"][0]["value"] == "v"


def test_a_missing_output_parameter_takes_its_default_or_fails_wait(run_pod) -> None:
    value = {"path": "/nope", "default": "d"}
    ran = run_pod(argo(template("true", outputs={"parameters": [{"name": "p", "valueFrom": value}]})))
    assert ran.outputs["parameters"] == [{"name": "p", "valueFrom": value, "value": "d"}]
    ran = run_pod(
        argo(
            template("true", outputs={"parameters": [{"name": "p", "valueFrom": {"path": "/nope"}}]}),
            name="two",
        )
    )
    ended = ran.ended("wait")["terminated"]
    assert (ran.final["phase"], ended["exitCode"]) == ("Failed", 1)
    assert ended["message"] == "open /var/run/argo/outputs/parameters/nope: no such file or directory"
    assert ran.results[-1]["metadata"]["labels"]["workflows.argoproj.io/report-outputs-completed"] == "true"


@pytest.mark.parametrize(
    ("archive", "file"),
    [
        (None, "a.tgz"),
        ({"tar": {"compressionLevel": 0}}, "a.tgz"),
        ({"zip": {}}, "a.zip"),
        ({"none": {}}, "dir"),
    ],
)
def test_a_directory_survives_the_round_trip(run_pod, store, archive, file: str) -> None:
    declared = {"name": "a", "path": "/out/dir", **({"archive": archive} if archive else {})}
    location = {"s3": {"bucket": "b", "key": "wf/pod"}}
    make = "mkdir -p /out/dir/sub; echo 1 > /out/dir/one; echo 2 > /out/dir/sub/two"
    ran = run_pod(argo(template(make, outputs={"artifacts": [declared]}, archiveLocation=location)))
    assert ran.outputs["artifacts"] == [{**declared, "s3": {"key": f"wf/pod/{file}"}}]
    assert store.exists(f"s3/b/wf/pod/{file}")
    given = {**ran.outputs["artifacts"][0], "path": "/in/here"}
    ran = run_pod(
        argo(
            template(
                "cd /in/here && cat one sub/two", inputs={"artifacts": [given]}, archiveLocation=location
            ),
            name="two",
            result=True,
        )
    )
    assert ran.outputs["result"] == "1\n2"


def test_a_file_artifact_and_its_mode(run_pod) -> None:
    ran = run_pod(
        argo(template("echo data > /x.txt", outputs={"artifacts": [{"name": "x", "path": "/x.txt"}]}))
    )
    given = {**ran.outputs["artifacts"][0], "path": "/in/y.txt", "mode": 0o444}
    ran = run_pod(
        argo(template("cat /in/y.txt; stat -c %a /in/y.txt", inputs={"artifacts": [given]}), name="two")
    )
    assert ran.log() == "data\n444\n"


def test_raw_and_optional_inputs(run_pod) -> None:
    artifacts = [
        {"name": "r", "path": "/in/r", "raw": {"data": "raw data"}},
        {"name": "o", "path": "/in/o", "optional": True},
    ]
    ran = run_pod(argo(template("cat /in/r", inputs={"artifacts": artifacts})))
    assert ran.log() == "raw data"


@pytest.mark.parametrize(
    ("artifact", "message"),
    [
        ({"name": "a", "path": "/a"}, "required artifact 'a' not supplied"),
        (
            {"name": "a", "path": "/a", "s3": {"key": "gone"}},
            "artifact a failed to load: artifact 'a' not found",
        ),
        ({"name": "a", "path": "/a", "s3": {"key": "../../etc/passwd"}}, "is not usable as a path"),
    ],
)
def test_an_input_that_cannot_be_loaded_fails_init(run_pod, artifact, message: str) -> None:
    ran = run_pod(argo(template("true", inputs={"artifacts": [artifact]})))
    ended = ran.ended("init")["terminated"]
    assert (ran.final["phase"], ended["exitCode"]) == ("Failed", 1)
    assert message in ended["message"]
    assert list(ran.ended("main")) == ["waiting"]


@pytest.mark.parametrize(
    "entries",
    [
        {"../evil": b"x", "ok": b"y"},
        {"/evil": b"x", "ok": b"y"},
        {"link": "../../outside", "link/evil": b"x"},
        {"link": "/tmp", "link/evil": b"x"},
    ],
)
def test_an_archive_that_leads_outside_is_refused(run_pod, store, tmp_path: Path, entries) -> None:
    put(store, "s3/default/evil", tar_gz(entries))
    given = {"name": "a", "path": "/in", "s3": {"key": "evil"}}
    ran = run_pod(argo(template("true", inputs={"artifacts": [given]})))
    assert "refused to unpack" in ran.ended("init")["terminated"]["message"]
    assert list(tmp_path.rglob("evil")) == [store.root / "s3/default/evil"]
    assert not Path("/tmp/evil").exists()


def test_an_archive_with_one_entry_becomes_the_path_itself(run_pod, store) -> None:
    put(store, "s3/default/one", tar_gz({"whatever.txt": b"content"}))
    put(store, "s3/default/many", tar_gz({"a": b"1", "b": b"2"}))
    given = [
        {"name": "one", "path": "/in/one", "s3": {"key": "one"}},
        {"name": "many", "path": "/in/many", "s3": {"key": "many"}},
    ]
    ran = run_pod(argo(template("cat /in/one; ls /in/many", inputs={"artifacts": given})))
    assert ran.log() == "contenta\nb\n"


def test_an_output_that_is_a_link_is_read_inside_the_container(run_pod) -> None:
    outputs = {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}
    ran = run_pod(argo(template("ln -s /etc/hostname /p", outputs=outputs)))
    assert ran.outputs["parameters"][0]["value"] == "wf-main-1"
    ran = run_pod(argo(template("ln -s /etc/shadow /p", outputs=outputs), name="two"))
    assert ran.ended("wait")["terminated"]["exitCode"] == 1


def test_outputs_on_a_volume(run_pod) -> None:
    user = {
        "image": "alpine",
        "command": ["sh", "-c", "echo v > /mnt/vol/p"],
        "volumeMounts": [{"name": "v", "mountPath": "/mnt/vol"}],
    }
    declared = {"parameters": [{"name": "p", "valueFrom": {"path": "/mnt/vol/p"}}]}
    ran = run_pod(
        argo(
            {
                "name": "main",
                "container": user,
                "volumes": [{"name": "v", "emptyDir": {}}],
                "outputs": declared,
            }
        )
    )
    assert ran.outputs["parameters"][0]["value"] == "v"


def test_archived_logs(run_pod, store) -> None:
    location = {"archiveLogs": True, "s3": {"bucket": "b", "key": "wf/pod"}}
    ran = run_pod(argo(template("echo logged", archiveLocation=location)))
    assert ran.outputs["artifacts"] == [{"name": "main-logs", "s3": {"key": "wf/pod/main.log"}}]
    assert (store.root / "s3/b/wf/pod/main.log").read_text() == "logged\n"


def test_a_command_that_does_not_exist_is_the_emissarys_64(run_pod) -> None:
    ran = run_pod(argo({"name": "main", "container": {"image": "alpine", "command": ["nope"]}}))
    ended = ran.ended()["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (64, "Error")
    assert ended["message"] == 'failed to find name in PATH: exec: "nope": executable file not found in $PATH'


def test_a_terminated_main_has_137_under_the_emissary(run_pod) -> None:
    ran = run_pod(
        argo({"name": "main", "container": {"image": "alpine", "command": ["sleep", "30"]}}), wait=False
    )
    while "running" not in ran.handle.states["main"].state:
        pass
    ran.handle.terminate(5)
    assert ran.handle.wait(10) is not None
    assert ran.ended()["terminated"]["exitCode"] == 137


def test_sidecars_are_stopped_after_main(run_pod) -> None:
    sidecar = {
        "name": "side",
        "image": "alpine",
        "command": ["sh", "-c", "trap 'echo stopped; exit 143' TERM; while :; do sleep 0.05; done"],
    }
    made = {
        "name": "main",
        "container": {"image": "alpine", "command": ["sleep", "0.3"]},
        "sidecars": [sidecar],
    }
    ran = run_pod(argo(made))
    assert ran.log("side") == "stopped\n"
    assert ran.ended("side")["terminated"]["exitCode"] == 143
    assert ran.ended()["terminated"]["exitCode"] == 0


def test_progress_is_reported(run_pod) -> None:
    ran = run_pod(argo(template("echo 1/3 > /var/run/argo/progress; echo bad >> /var/run/argo/progress")))
    assert ran.results[-1]["progress"] == "1/3"


def test_argo_deadline(run_pod) -> None:
    from datetime import UTC, datetime, timedelta

    pod = argo(template("sleep 30"))
    moment = (datetime.now(UTC) + timedelta(seconds=0.5)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    pod["spec"]["containers"][0]["env"].append({"name": "ARGO_DEADLINE", "value": moment})
    ran = run_pod(pod)
    assert (ran.final["phase"], ran.ended()["terminated"]["exitCode"]) == ("Failed", 137)


def _set(*members: dict[str, Any], **fields: Any) -> dict[str, Any]:
    pod = argo({"name": "main", "containerSet": {"containers": list(members), **fields}})
    wait, main = pod["spec"]["containers"]
    mounts = [*main["volumeMounts"], {"name": "w", "mountPath": "/w"}]
    pod["spec"]["volumes"].append({"name": "w", "emptyDir": {}})
    made = []
    for member in members:
        prefix = ["/var/run/argo/argoexec", "emissary", "--"]
        made.append(
            {
                **main,
                "name": member["name"],
                "command": [*prefix, *member["command"]],
                "args": [],
                "volumeMounts": mounts,
            }
        )
    pod["spec"]["containers"] = [wait, *made]
    return pod


def _member(name: str, script: str, *dependencies: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": "alpine",
        "command": ["sh", "-c", script],
        "dependencies": list(dependencies),
    }


def test_a_container_set_keeps_its_order(run_pod) -> None:
    members = [_member("b", "echo b >> /w/o; cat /w/o", "a"), _member("a", "sleep 0.2; echo a >> /w/o")]
    ran = run_pod(_set(*members))
    assert (ran.final["phase"], ran.log("b")) == ("Succeeded", "a\nb\n")


def test_a_container_set_passes_a_dependencys_exit_code_on(run_pod) -> None:
    ran = run_pod(_set(_member("a", "exit 4"), _member("b", "echo never", "a")))
    codes = {s["name"]: s["state"]["terminated"]["exitCode"] for s in ran.final["containerStatuses"]}
    assert codes == {"wait": 0, "a": 4, "b": 4}
    assert ran.log("b") == ""


def test_a_container_sets_retry_strategy(run_pod) -> None:
    member = _member("main", "echo x >> /w/tries; test $(wc -l < /w/tries) = 3")
    ran = run_pod(_set(member, retryStrategy={"retries": "5", "duration": "10ms"}))
    assert ran.final["phase"] == "Succeeded"


def test_a_daemon_is_ready_when_its_probe_says_so(run_pod) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    ran = run_pod(argo(template("sleep 0.5; touch /tmp/ready; sleep 30"), readinessProbe=probe), wait=False)
    while not (
        ran.statuses and [s for s in ran.final["containerStatuses"] if s["name"] == "main" and s["ready"]]
    ):
        assert ran.handle.wait(0.02) is None
    ready = [
        next(s["ready"] for s in status["containerStatuses"] if s["name"] == "main")
        for status in ran.statuses
    ]
    assert ready[0] is False
    assert ready[-1] is True
    ran.handle.terminate(5)
    assert ran.handle.wait(10) is not None


def test_outputs_below_usr_and_etc_are_collected(run_pod) -> None:
    declared = [{"name": n, "valueFrom": {"path": p}} for n, p in (("a", "/usr/src/app/o"), ("b", "/etc/o"))]
    script = "mkdir -p /usr/src/app; echo 1 > /usr/src/app/o; echo 2 > /etc/o"
    ran = run_pod(argo(template(script, outputs={"parameters": declared})))
    assert [p["value"] for p in ran.outputs["parameters"]] == ["1", "2"]
    assert not Path("/usr/src/app/o").exists()
    assert not Path("/etc/o").exists()


def test_a_debugged_main_waits_for_its_marker_files(run_pod) -> None:
    pod = argo(template("echo ran"))
    main = next(c for c in pod["spec"]["containers"] if c["name"] == "main")
    main["env"] = [
        *main["env"],
        *({"name": f"ARGO_DEBUG_PAUSE_{w}", "value": "true"} for w in ("BEFORE", "AFTER")),
    ]
    ran = run_pod(pod, wait=False)
    for when, said in (("before", ""), ("after", "ran\n")):
        marker = _said(ran, f"{said}paused {when} the command: create ")
        assert ran.handle.wait(0) is None
        Path(marker).touch()
    assert ran.handle.wait(20)["phase"] == "Succeeded"


def _said(ran, text: str) -> str:
    """The marker's path, once the log ends with it."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        log = ran.log()
        if text in log and log.endswith(" to go on\n"):
            return log.rsplit("create ", 1)[1].removesuffix(" to go on\n")
        time.sleep(0.05)
    raise AssertionError(ran.log())
