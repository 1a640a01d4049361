"""`argorun logs` of a local run: order, times, selection, JSON."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from executor.commands.localruns import redirected
from executor.local import runlogs
from executor.local.rundir import RunDirectory
from executor.runtimes.logpump import LogFile, read_times, times_path

from .conftest import HEAD, Project

TWO = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {{name: a, template: first}}
      - {{name: b, template: second}}
  - name: first
    script: {{image: alpine, command: [sh], source: "echo a1; touch /v/a1; until [ -e /v/b1 ]; do sleep 0.02; done; printf 'a2\\\\fstill a2'", volumeMounts: [{{name: v, mountPath: /v}}]}}
  - name: second
    script: {{image: alpine, command: [sh], source: "until [ -e /v/a1 ]; do sleep 0.02; done; sleep 0.7; echo b1; sleep 0.7; touch /v/b1", volumeMounts: [{{name: v, mountPath: /v}}]}}
  volumes: [{{name: v, persistentVolumeClaim: {{claimName: c}}}}]
"""


@pytest.mark.sandbox
def test_lines_come_in_the_order_of_their_times(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", TWO)
    began = datetime.now(UTC)
    assert sandboxed.argorun("run", "wf.yaml", "-q").code == 0
    assert sandboxed.argorun("logs", "wf").out == "a: a1\nb: b1\na: a2\\x0cstill a2\n"
    assert sandboxed.argorun("logs", "@latest", "--tail", "1", "a").out == "a: a2\\x0cstill a2\n"
    assert sandboxed.argorun("logs", "wf", "--no-prefix", "--grep", "1$").out == "a1\nb1\n"
    assert sandboxed.argorun("logs", "wf", "--group").out == "--- a\na1\na2\\x0cstill a2\n--- b\nb1\n"
    assert sandboxed.argorun("logs", "wf", "--tail", "0").out == ""
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert sandboxed.argorun("logs", "wf", "--since-time", later).out == ""
    rows = [json.loads(line) for line in sandboxed.argorun("logs", "wf", "--json").out.splitlines()]
    times = [datetime.fromisoformat(row.pop("time")) for row in rows]
    assert times == sorted(times)
    assert began <= times[0] <= times[-1] <= datetime.now(UTC)
    assert [(row["node"], row["displayName"], row["template"], row["container"], row["line"]) for row in rows] == [
        ("wf.a", "a", "first", "main", "a1"),
        ("wf.b", "b", "second", "main", "b1"),
        ("wf.a", "a", "first", "main", "a2\x0cstill a2"),
    ]  # fmt: skip
    dated = sandboxed.argorun("logs", "wf", "b", "--timestamps").out
    assert re.fullmatch(r"b: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z b1\n", dated)
    wrong = sandboxed.argorun("logs", "wf", "--since", "soon")
    assert (wrong.code, wrong.err) == (2, "argorun: error: soon: not a duration\n  write 30s, 5m, 2h or 1d\n")


@pytest.mark.sandbox
def test_a_log_is_followed_to_the_end_of_the_run(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", TWO)
    run = sandboxed.start("run", "wf.yaml", "-q", "--no-lint")
    volume = sandboxed.path / ".argolint/volumes/default/c/a1"
    while not volume.exists() and run.poll() is None:
        time.sleep(0.02)
    followed = sandboxed.argorun("logs", "wf", "-f")
    run.communicate(timeout=60)
    assert followed.out == "a: a1\nb: b1\na: a2\\x0cstill a2\n"


def test_a_log_knows_when_its_parts_came(tmp_path: Path) -> None:
    path = tmp_path / "main.log"
    log = LogFile(path, 10, None)
    log.write(b"12345\n")
    log.write(b"6789012345")
    log.write(b"nobody keeps this")
    log.close()
    assert path.read_bytes().startswith(b"12345\n6789\n[argorun: the log is longer than 10 bytes")
    assert read_times(path)[0][0] == 0
    assert len(read_times(path)) <= 2
    times_path(path).write_bytes(
        times_path(path).read_bytes()[:-3]
    )  # of a process that was killed while it wrote
    assert all(at in (0, 6) for at, _ in read_times(path))


def test_a_log_without_times_is_printed_all_the_same(tmp_path: Path) -> None:
    directory = tmp_path / "runs" / "wf"
    logs = directory / "pods" / "default_wf-a" / "logs"
    logs.mkdir(parents=True)
    (logs / "main.log").write_bytes(b"one\n\n\xff\x1b[2Jtwo")
    node = {"id": "wf-a", "name": "wf.a", "displayName": "a", "type": "Pod", "templateName": "t"}
    log = runlogs.Log(logs / "main.log", node, "wf-a", "main")
    lines = runlogs._new_lines(log, {}, runlogs.Wanted(), ended=True)
    style = runlogs.Style(timestamps=True)
    assert [runlogs.shown(line, style) for line in lines] == ["a: - one", "a: - ", "a: - \ufffd\\x1b[2Jtwo"]
    assert RunDirectory(directory).is_running() is False


def test_a_name_means_a_run_where_no_cluster_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".argolint/runs/wf").mkdir(parents=True)
    assert redirected(["logs", "x"]) == ["runs", "logs", "x"]
    assert redirected(["stop", "@latest"]) == ["runs", "stop", "@latest"]
    (tmp_path / ".argolint/cluster").mkdir()
    assert redirected(["logs", "x"]) == ["logs", "x"]
    assert redirected(["stop", "@latest"]) == ["stop", "@latest"]


@pytest.mark.sandbox
def test_logs_of_a_run_come_in_blocks_that_ci_systems_fold(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", TWO.replace("echo b1", "echo ' ::error::b1'"))
    plain = sandboxed.argorun("run", "wf.yaml", "--group", "--no-lint", GITHUB_ACTIONS="", GITLAB_CI="")
    blocks = set(plain.out.partition("wf  Succeeded")[0].replace("--- ", "\0").strip("\0").split("\0"))
    assert blocks == {"a\na1\na2\\x0cstill a2\n", "b\n ::error::b1\n"}
    github = sandboxed.argorun("run", "wf.yaml", "--group", "--no-lint", GITHUB_ACTIONS="true")
    assert "::group::b\n|  ::error::b1\n::endgroup::\n" in github.out
    gitlab = sandboxed.argorun("run", "wf.yaml", "--group", "--no-lint", GITHUB_ACTIONS="", GITLAB_CI="true")
    begin, end = (
        r"\x1b\[0Ksection_start:\d+:b\[collapsed=true\]\n\x1b\[0Kb\n",
        r"\x1b\[0Ksection_end:\d+:b\n\x1b\[0K\n",
    )
    assert re.search(f"{begin} ::error::b1\n{end}", gitlab.out.replace("\r", "\n").replace("\n\n", "\n"))


@pytest.mark.sandbox
def test_lines_of_a_run_have_times_when_asked_for(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", TWO)
    out = sandboxed.argorun("run", "wf.yaml", "--timestamps", "--no-lint").out
    assert re.search(r"^b: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z b1$", out, re.MULTILINE)
