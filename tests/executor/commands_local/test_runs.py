"""Runs that go on: killed, suspended, failed, held; and how they are looked at."""

from __future__ import annotations

import json
import os
import random
import signal
import time

import pytest

from executor.commands.localruns import redirected

from .conftest import Project

pytestmark = pytest.mark.sandbox


def ran(project: Project) -> list[str]:
    """The steps that ran, in order, as they wrote it down themselves."""
    path = project.path / ".argolint/volumes/default/c/log"
    return path.read_text().split() if path.exists() else []


def kill_when(project: Project, process, ready) -> None:
    until = time.monotonic() + 30
    while not ready() and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def test_a_killed_run_goes_on_without_repeating_what_had_reported(sandboxed: Project, chain) -> None:
    sandboxed.write(
        "wf.yaml",
        chain("echo one", "sleep 30", "echo three").replace(
            "sleep 30", "[ -e /v/again ] || { touch /v/again; sleep 30; }"
        ),
    )
    process = sandboxed.start("run", "wf.yaml", "-q")
    kill_when(sandboxed, process, lambda: (sandboxed.path / ".argolint/volumes/default/c/again").exists())
    listed = json.loads(sandboxed.argorun("runs", "ls", "-o", "json").out)
    assert [(row["name"], row["phase"]) for row in listed] == [("wf", "Interrupted")]
    done = sandboxed.argorun("resume", "wf", "-o", "json")
    assert done.code == 0, done.err
    assert done.workflow["status"]["phase"] == "Succeeded"
    assert ran(sandboxed) == ["s0", "s1", "s1", "s2"]
    assert sandboxed.phases() == {"wf": "Succeeded", "s0": "Succeeded", "s1": "Succeeded", "s2": "Succeeded"}


def test_a_run_killed_at_any_moment_ends_when_it_is_resumed(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("sleep 0.1", "sleep 0.1", "sleep 0.1"))
    dice = random.Random(7)
    process = sandboxed.start("run", "wf.yaml", "-q", "--no-lint")
    info = sandboxed.path / ".argolint/runs/wf/run.json"
    for _ in range(4):
        kill_when(sandboxed, process, lambda: info.exists() and (info.parent / "workflow.json").exists())
        time.sleep(0.05)
        process = sandboxed.start("resume", "wf", "-q")
        time.sleep(dice.uniform(0.2, 0.9))
    process.communicate(timeout=60)
    final = sandboxed.argorun("resume", "wf", "-q")
    assert final.code in (0, 2), final  # 2: it had ended before
    assert sandboxed.state()["status"]["phase"] == "Succeeded"
    for step in ("s0", "s1", "s2"):
        assert step in ran(sandboxed)


def test_a_suspended_run_is_resumed_with_supplied_outputs(sandboxed: Project) -> None:
    sandboxed.write(
        "wf.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - name: main\n    steps:\n    - - {name: ask, template: ask}\n"
        "    - - {name: say, template: say, arguments: {parameters: [{name: a, value: '{{steps.ask.outputs.parameters.answer}}'}]}}\n"
        "  - name: ask\n    suspend: {}\n    outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}\n"
        "  - name: say\n    inputs: {parameters: [{name: a}]}\n    container: {image: alpine, command: [echo, '{{inputs.parameters.a}}']}\n",
    )
    first = sandboxed.argorun("run", "wf.yaml")
    assert first.code == 5
    assert "wf is suspended: a person must resume it (argorun resume wf)" in first.err
    assert "it waits for a person: argorun resume wf" in sandboxed.argorun("explain", "wf", "ask").out
    changed = sandboxed.argorun("set", "wf", "--node-field-selector", "displayName=ask", "-p", "answer=yes")
    assert (changed.code, changed.out) == (0, "wf values set\n")
    second = sandboxed.argorun("resume", "wf")
    assert second.code == 0, second.err
    assert second.out.splitlines()[0] == "say: yes"
    again = sandboxed.argorun("resume", "wf")
    assert (again.code, again.err.splitlines()[-2]) == (2, "argorun: error: wf has ended (Succeeded)")


def test_retry_runs_only_what_failed_and_from_a_node_what_follows(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("true", "[ -e /v/fixed ]", "true"))
    failed = sandboxed.argorun("run", "wf.yaml")
    assert failed.code == 1
    assert "to run what failed again: argorun retry wf" in failed.err
    (sandboxed.path / ".argolint/volumes/default/c/fixed").touch()
    assert sandboxed.argorun("retry", "wf", "-q").code == 0
    assert ran(sandboxed) == ["s0", "s1", "s1", "s2"]
    assert sandboxed.argorun("retry", "wf", "--from", "s2", "-q").code == 0
    assert ran(sandboxed) == ["s0", "s1", "s1", "s2", "s2"]
    refused = sandboxed.argorun("retry", "wf")
    assert (refused.code, "workflow must be Failed/Error to retry, it is Succeeded" in refused.err) == (
        2,
        True,
    )


def test_a_running_run_is_stopped_from_outside(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("sleep 60", "true"))
    process = sandboxed.start("run", "wf.yaml")
    until = time.monotonic() + 30
    while ran(sandboxed) != ["s0"] and time.monotonic() < until:
        time.sleep(0.05)
    busy = sandboxed.argorun("retry", "wf")
    assert (busy.code, f"wf is running (process {process.pid})" in busy.err) == (2, True)
    assert sandboxed.argorun("stop", "wf").out == "wf stopped\n"
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Stopped with strategy 'Stop'" in out
    assert sandboxed.phases()["wf"] == "Failed"


def test_until_holds_and_resume_goes_on(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("true", "true", "true"))
    held = sandboxed.argorun("run", "wf.yaml", "--until", "s1")
    assert (held.code, ran(sandboxed)) == (0, ["s0", "s1"])
    assert "stopped after wf.s1; `argorun resume wf` goes on" in held.err
    assert sandboxed.argorun("resume", "wf", "-q").code == 0
    assert ran(sandboxed) == ["s0", "s1", "s2"]


def test_only_makes_up_the_rest(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("true", "true", "true"))
    done = sandboxed.argorun("run", "wf.yaml", "--only", "s1")
    assert (done.code, ran(sandboxed)) == (0, ["s1"])
    assert "fidelity: partial (2 pods answered without running" in done.err


def test_resubmit_is_a_new_run(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("true"))
    assert sandboxed.argorun("run", "wf.yaml", "-q").code == 0
    again = sandboxed.argorun("resubmit", "wf", "-q", "--new-name", "second")
    assert again.code == 0, again.err
    assert (
        sandboxed.state("second")["metadata"]["labels"]["workflows.argoproj.io/resubmitted-from-workflow"]
        == "wf"
    )
    names = sandboxed.argorun("runs", "ls", "-o", "name").out.split()
    assert names == ["second", "wf"]
    assert sandboxed.argorun("runs", "gc", "--keep", "1").out == "deleted wf\n"
    assert sandboxed.argorun("runs", "ls", "-o", "name").out.split() == ["second"]


def test_a_run_is_looked_at(sandboxed: Project) -> None:
    sandboxed.write(
        "wf.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - name: main\n    dag:\n      tasks:\n      - {name: make, template: make}\n"
        "      - {name: skipped, template: make, depends: make, when: 'a == b'}\n"
        "  - name: make\n    outputs: {artifacts: [{name: file, path: /out/f.txt}]}\n"
        "    script: {image: alpine, command: [sh], env: [{name: COLOUR, value: blue}], source: 'echo made; mkdir /out; echo content > /out/f.txt; exit $X'}\n",
    )
    assert sandboxed.argorun("run", "wf.yaml", "-q").code == 0
    assert sandboxed.argorun("logs", "wf").out == "make: made\n"
    assert sandboxed.argorun("logs", "wf", "--group").out == "--- make\nmade\n"
    assert sandboxed.argorun("tree", "wf").out.splitlines()[0] == "wf  Succeeded"
    assert "  when: a == b\n" in sandboxed.argorun("explain", "wf", "skipped").out
    listed = sandboxed.argorun("artifacts", "ls", "wf").out
    assert "make" in listed
    assert "file.tgz" in listed
    copied = sandboxed.argorun("artifacts", "cp", "wf", "out")
    assert copied.code == 0, copied.err
    assert (sandboxed.path / "out/make/file").read_text() == "content\n"
    entered = sandboxed.argorun(
        "shell", "wf", "make", "--", "sh", "-c", "echo $COLOUR; cat /argo/staging/script | head -c 9"
    )
    assert entered.out == "blue\necho made"
    unknown = sandboxed.argorun("explain", "wf", "nobody")
    assert (unknown.code, "there is no node 'nobody'" in unknown.err) == (2, True)
    assert sandboxed.argorun("runs", "get", "nothing").code == 2


def test_a_dry_run_starts_nothing(sandboxed: Project, chain) -> None:
    text = chain("true", "true").replace(
        "{name: s1, template: t1,", '{name: s1, template: t1, when: "{{tasks.s0.outputs.result}} == 1",'
    )
    sandboxed.write("wf.yaml", text)
    done = sandboxed.argorun("run", "wf.yaml", "--dry-run")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "wf: nothing was started; outputs are made up",
        "◷ wf  main",
        "├─◷ s0  t0",
        "└─◷ s1  t1  depends on run",
    ]
    assert not (sandboxed.path / ".argolint").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["get", "wf"], ["runs", "get", "wf"]),
        (["get", "other"], ["get", "other"]),
        (["stop", "wf", "--kubeconfig", "k"], ["stop", "wf", "--kubeconfig", "k"]),
        (["resume", "-q", "wf"], ["runs", "resume", "-q", "wf"]),
        (["logs", "--tail", "5", "wf"], ["runs", "logs", "--tail", "5", "wf"]),
        (["explain", "x", "y"], ["runs", "explain", "x", "y"]),
        (["submit", "wf"], ["submit", "wf"]),
        ([], []),
    ],
)
def test_a_verb_is_about_a_local_run_when_there_is_one(
    project: Project, monkeypatch, words, expected
) -> None:
    project.write(".argolint/runs/wf/run.json", "{}")
    monkeypatch.setenv("KUBECONFIG", str(project.write("deep/er/x", "")))
    monkeypatch.chdir(project.path / "deep/er")
    assert redirected(words) == expected


def test_watching_runs_again_what_changed(sandboxed: Project, chain) -> None:
    sandboxed.write("wf.yaml", chain("true", "true").replace("{name: wf}", "{generateName: wf-}"))
    process = sandboxed.start("run", "wf.yaml", "-w", "--no-lint", "-q")

    def await_steps(expected: list[str]) -> None:
        until = time.monotonic() + 30
        while ran(sandboxed) != expected and time.monotonic() < until:
            time.sleep(0.1)
        assert ran(sandboxed) == expected

    try:
        await_steps(["s0", "s1"])
        sandboxed.write("wf.yaml", chain("true", "echo changed").replace("{name: wf}", "{generateName: wf-}"))
        await_steps(["s0", "s1", "s1"])
    finally:
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert [line for line in out.splitlines() if "Succeeded" in line and line.startswith("wf-")] != []
    assert "watching for changes; ^C ends it" in err


def test_the_files_of_steps_that_succeed_are_kept_when_asked_for(sandboxed: Project) -> None:
    sandboxed.write(
        "wf.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - {name: main, container: {image: alpine, command: [sh, -c, 'echo written > /made']}}\n",
    )
    assert sandboxed.argorun("run", "wf.yaml", "-q").code == 0
    assert sandboxed.argorun("shell", "wf", "wf", "--", "cat", "/made").code != 0
    assert sandboxed.argorun("run", "wf.yaml", "-q", "--keep").code == 0
    assert sandboxed.argorun("shell", "wf", "wf", "--", "cat", "/made").out == "written\n"
