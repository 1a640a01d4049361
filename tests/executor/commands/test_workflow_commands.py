"""The verbs of the argo CLI against an embedded cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argolint.kube import KubeClient, resource_for

pytestmark = pytest.mark.sandbox

HELLO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: world}]}
  templates:
  - name: main
    steps:
    - - {name: a, template: say}
    - - {name: b, template: say}
      - {name: c, template: say}
  - name: say
    container: {image: alpine, command: [echo, "hello {{workflow.parameters.who}}"]}
"""
FAILING = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: failing-}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: alpine, command: [sh, -c, "echo oh no; exit 5"]}
"""
HOLD = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hold}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: approve, template: gate}]]
  - name: gate
    suspend: {}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def save(text: str) -> str:
        path = tmp_path / "workflow.yaml"
        path.write_text(text)
        return str(path)

    return save


def test_submit_and_watch_prints_what_changes_and_then_the_tree(argorun: Any, write: Any) -> None:
    done = argorun("submit", write(HELLO), "--watch", "-p", "who=you")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("hello: ")
    assert "hello: Succeeded" in lines
    tree = lines[next(i for i, line in enumerate(lines) if line.startswith("STEP")) + 1 :]
    assert [re.sub(r"hello-say-\d+\s+\d+s", "POD", line) for line in tree] == [
        " ✔ hello  main",
        " ├───✔ a  say       POD",
        " └─┬─✔ b  say       POD",
        "   └─✔ c  say       POD",
    ]
    assert re.search(r"^Parameters:\n  who: +you$", done.out, re.M)
    logs = argorun("logs", "hello")
    assert (logs.code, logs.err) == (0, "")
    assert [line.partition(": ")[2] for line in logs.out.splitlines()] == ["hello you"] * 3
    assert argorun("logs", "hello", "--no-prefix").out == "hello you\n" * 3
    rows = [json.loads(line) for line in argorun("logs", "hello", "--json", "--tail", "1").out.splitlines()]
    assert [(sorted(row), row["line"]) for row in rows] == [(["line", "pod", "time"], "hello you")] * 3
    assert (
        argorun("logs", "hello", "--since-time", rows[0]["time"], "--json", rows[0]["pod"]).out.count(
            "hello you"
        )
        == 1
    )
    wrong = argorun("logs", "hello", "--since-time", "noon")
    assert (wrong.code, "not an RFC 3339 time" in wrong.err) == (2, True)


def test_submit_exits_with_1_when_the_watched_workflow_fails(argorun: Any, write: Any) -> None:
    done = argorun("submit", write(FAILING), "--log")
    assert done.code == 1
    assert re.fullmatch(r"failing-\w{5}: oh no\n", done.out)
    waited = argorun("wait", "@latest")
    assert (waited.code, waited.out.split()[1]) == (1, "Failed")


def test_get_in_every_format(argorun: Any, write: Any) -> None:
    name = argorun("submit", write(HELLO), "--wait", "-o", "name").out.splitlines()[0]
    assert name == "hello"
    assert argorun("get", "hello", "-o", "name").out == "hello\n"
    assert json.loads(argorun("get", "@latest", "-o", "json").out)["metadata"]["name"] == "hello"
    assert "\n  phase: Succeeded\n" in argorun("get", "hello", "-o", "yaml").out
    wide = argorun("get", "hello", "-o", "wide").out
    titles = next(line for line in wide.splitlines() if line.startswith("STEP")).split()
    assert titles == [
        "STEP",
        "TEMPLATE",
        "PODNAME",
        "DURATION",
        "ARTIFACTS",
        "RESOURCESDURATION",
        "NODENAME",
        "MESSAGE",
    ]
    assert wide.count("argorun") == 3
    listed = argorun("list").out.splitlines()
    assert listed[0].split() == ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"]
    assert listed[1].split()[:2] == ["hello", "Succeeded"]
    assert argorun("list", "--running").out == "No workflows found\n"
    assert argorun("list", "--status", "Succeeded", "-o", "name").out == "hello\n"


def test_suspend_node_is_resumed(argorun: Any, write: Any) -> None:
    assert argorun("submit", write(HOLD)).code == 0
    for _ in range(100):
        if "ǁ approve" in (shown := argorun("get", "hold").out):
            break
    assert "Status:              Running (Suspended)" in shown
    assert argorun("resume", "hold").out == "workflow hold resumed\n"
    assert argorun("wait", "hold").code == 0
    again = argorun("resume", "hold")
    assert (again.code, "cannot resume a completed workflow" in again.err) == (2, True)


def test_stop_and_terminate(argorun: Any, write: Any) -> None:
    argorun("submit", write(HOLD))
    assert argorun("stop", "hold").out == "workflow hold stopped\n"
    assert argorun("wait", "hold").code == 1
    assert "Message:             Stopped with strategy 'Stop'" in argorun("get", "hold").out
    argorun("submit", write(HOLD), "--name", "hold2")
    assert argorun("terminate", "hold2").out == "workflow hold2 terminated\n"
    assert argorun("wait", "hold2").code == 1


def test_suspend_a_workflow_before_it_goes_on(argorun: Any, write: Any) -> None:
    argorun("submit", write(HOLD))
    assert argorun("suspend", "hold").out == "workflow hold suspended\n"
    assert argorun("resume", "hold").code == 0
    assert argorun("wait", "hold").code == 0


def test_retry_and_resubmit(argorun: Any, write: Any) -> None:
    name = argorun("submit", write(FAILING), "--wait", "-o", "name").out.splitlines()[0]
    retried = argorun("retry", name, "--wait")
    assert retried.code == 1
    assert f"Name:                {name}" in retried.out
    fresh = argorun("resubmit", name, "--wait", "-o", "name")
    assert fresh.code == 1
    assert fresh.out.splitlines()[0] != name


def test_delete(argorun: Any, write: Any) -> None:
    argorun("submit", write(HELLO), "--wait")
    assert argorun("delete", "--completed", "--dry-run").out == "Workflow 'hello' deleted (dry-run)\n"
    assert argorun("delete", "hello").out == "Workflow 'hello' deleted\n"
    missing = argorun("get", "hello")
    assert missing.code == 1
    assert 'workflows.argoproj.io "hello" not found in namespace' in missing.err


def test_submit_from_a_template_and_from_a_cron(argorun: Any, kubeconfig: Path, namespace: str) -> None:
    client = KubeClient.from_kubeconfig(kubeconfig)
    spec = {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "m", "value": "x"}]},
        "templates": [
            {
                "name": "main",
                "container": {"image": "alpine", "command": ["echo", "{{workflow.parameters.m}}"]},
            }
        ],
    }
    base = {"apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "t"}}
    client.create(
        resource_for("WorkflowTemplate"), {**base, "kind": "WorkflowTemplate", "spec": spec}, namespace
    )
    cron = {"schedules": ["0 0 1 1 *"], "workflowSpec": {"workflowTemplateRef": {"name": "t"}}}
    client.create(resource_for("CronWorkflow"), {**base, "kind": "CronWorkflow", "spec": cron}, namespace)
    done = argorun("submit", "--from", "wftmpl/t", "-p", "m=y", "--log")
    assert (done.code, done.out.rpartition(": ")[2]) == (0, "y\n")
    done = argorun("submit", "--from", "cronwf/t", "--wait", "-o", "json")
    assert done.code == 0
    made = json.loads(done.out.rpartition("\n}\n")[0] + "}")
    assert made["metadata"]["generateName"] == "t-"
    assert made["metadata"]["labels"]["workflows.argoproj.io/cron-workflow"] == "t"
    table = argorun("cron", "list").out.splitlines()
    assert table[1].split()[1:] == ["t", *table[1].split()[2:]]
    assert "0 0 1 1 *" in table[1]
    assert argorun("cron", "suspend", "t").out == "CronWorkflow 't' suspended\n"
    assert "NextScheduledTime:            suspended" in argorun("cron", "get", "t").out
    assert argorun("template", "list", "-o", "name").out == "t\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["submit"], 2, "name manifests to submit, or a template with --from"),
        (["submit", "/nowhere.yaml"], 2, "/nowhere.yaml: No such file or directory"),
        (["submit", "--from", "pod/x"], 2, "--from pod/x: expected cronwf/NAME"),
        (["submit", "--from", "wftmpl/nope"], 1, 'workflowtemplates.argoproj.io "nope" not found'),
        (["get", "nope"], 1, 'workflows.argoproj.io "nope" not found'),
        (["get", "@latest"], 1, "there is no workflow in namespace"),
        (["logs", "nope"], 1, "not found"),
        (["retry", "nope"], 1, "not found"),
        (["delete"], 2, "name the workflows to delete"),
        (["list", "--since", "soon"], 2, "soon: not a duration"),
    ],
)
def test_mistakes_get_one_clear_message(argorun: Any, words: list[str], code: int, message: str) -> None:
    done = argorun(*words)
    assert (done.code, message in done.err, done.out) == (code, True, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "workflow.yaml:1:"),
        ("kind: Pod\napiVersion: v1\n", "only a Workflow can be submitted, this is Pod"),
        ("- 1\n", "not a Kubernetes object"),
        ("", "no Workflow in"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}\n", "neither name nor generateName"),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\n",
            "the Workflow has no spec",
        ),
    ],
)
def test_manifests_that_cannot_be_submitted(argorun: Any, write: Any, text: str, message: str) -> None:
    done = argorun("submit", write(text))
    assert (done.code, message in done.err) == (2, True)


def test_a_cluster_that_does_not_answer(argorun: Any, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: u, user: {token: x}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"
    )
    done = argorun("list", "--kubeconfig", str(path))
    assert done.code == 1
    assert "list: cannot reach the Kubernetes API at https://127.0.0.1:1: " in done.err
    assert "argorun up" in done.err
    missing = argorun("list", "--kubeconfig", str(tmp_path / "none"))
    assert (missing.code, "none: no such file" in missing.err) == (2, True)


def test_credentials_that_are_not_accepted(argorun: Any, kubeconfig: Path, tmp_path: Path) -> None:
    import yaml

    document = yaml.safe_load(kubeconfig.read_text())
    document["users"][0]["user"] = {"token": "wrong"}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    done = argorun("list", "--kubeconfig", str(path))
    assert done.code == 1
    assert "the credentials in the kubeconfig are not (or no longer) accepted" in done.err
