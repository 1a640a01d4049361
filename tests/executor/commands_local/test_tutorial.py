"""What a tutorial of Argo Workflows teaches, run on this machine as it says it runs on a cluster: linted, as a user would."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from .conftest import Project

pytestmark = pytest.mark.sandbox
PYTHON, SHELL = "python:3.11-slim", "alpine:3.18"


def workflow(name: str, entrypoint: str, *templates: dict[str, Any], **spec: Any) -> str:
    head = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "argo"},
    }
    return yaml.safe_dump(
        {**head, "spec": {"entrypoint": entrypoint, **spec, "templates": list(templates)}}, sort_keys=False
    )


def sh(
    name: str, source: str, inputs: list[str] | dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    listed = {"parameters": [{"name": n} for n in inputs]} if isinstance(inputs, list) else inputs
    given = {"inputs": listed} if listed else {}
    return {"name": name, **given, "script": {"image": SHELL, "command": ["sh"], "source": source}, **more}


def step(name: str, template: str, /, **more: Any) -> dict[str, Any]:
    values = more.pop("values", {})
    arguments = (
        {"arguments": {"parameters": [{"name": k, "value": v} for k, v in values.items()]}} if values else {}
    )
    return {"name": name, "template": template, **arguments, **more}


def ran(project: Project, text: str, *words: str, code: int = 0) -> dict[str, Any]:
    project.write("workflow.yaml", text)
    done = project.argorun("run", "workflow.yaml", "-o", "json", *words)
    assert done.code == code, done.err
    return done.workflow["status"]


def node(status: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(n for n in status["nodes"].values() if n["displayName"] == name)
    return found


def parameters(side: dict[str, Any]) -> dict[str, str]:
    return {p["name"]: p["value"] for p in side["parameters"]}


def test_a_script_reports_and_a_resource_keeps_it(sandboxed: Project) -> None:
    report = {
        "name": "report",
        "script": {
            "image": PYTHON,
            "command": ["python"],
            "source": 'import json\nprint(json.dumps({"status": "ok", "records": 42}))\n',
        },
    }
    keep = {
        "name": "keep",
        "inputs": {"parameters": [{"name": "result"}]},
        "resource": {
            "action": "create",
            "manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\ndata:\n  result: |\n    {{inputs.parameters.result}}\n",
        },
        "outputs": {"parameters": [{"name": "kept", "valueFrom": {"jsonPath": "{.data.result}"}}]},
    }
    main = {
        "name": "main",
        "steps": [
            [step("make", "report")],
            [step("store", "keep", values={"result": "{{steps.make.outputs.result}}"})],
        ],
    }
    status = ran(sandboxed, workflow("report", "main", main, report, keep))
    assert json.loads(node(status, "make")["outputs"]["result"]) == {"status": "ok", "records": 42}
    assert json.loads(parameters(node(status, "store")["outputs"])["kept"]) == {"status": "ok", "records": 42}


def test_a_job_is_waited_for(sandboxed: Project) -> None:
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "outside"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": SHELL, "command": ["true"]}]}}},
    }  # fmt: skip
    make = {"name": "make", "resource": {"action": "create", "manifest": yaml.safe_dump(job)}}
    wait = {
        "name": "wait",
        "resource": {
            "action": "get", "successCondition": "status.succeeded > 0", "failureCondition": "status.failed > 3",
            "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: outside\n",
        },
    }  # fmt: skip
    main = {"name": "main", "steps": [[step("make", "make")], [step("wait", "wait")]]}
    assert ran(sandboxed, workflow("job", "main", main, make, wait))["phase"] == "Succeeded"


def test_an_approval_is_resumed_by_hand(sandboxed: Project) -> None:
    ask = {"name": "ask", "suspend": {"duration": "1h"}}
    main = {"name": "main", "steps": [[step("wait-for-approval", "ask")], [step("go", "go")]]}
    sandboxed.write("workflow.yaml", workflow("approve", "main", main, ask, sh("go", "echo gone")))
    process = sandboxed.start("run", "workflow.yaml", "-o", "json")
    try:
        resumed = None
        for _ in range(200):
            resumed = sandboxed.argorun(
                "resume", "approve", "--node-field-selector", "displayName=wait-for-approval"
            )
            if resumed.code == 0:
                break
        assert resumed is not None
        assert resumed.out == "approve resumed\n"
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert json.loads(out)["status"]["phase"] == "Succeeded"


def test_steps_go_side_by_side_and_one_after_the_other(sandboxed: Project) -> None:
    main = {
        "name": "pipeline",
        "steps": [
            [step("fetch", "fetch")],
            [step("transform-a", "transform", values={"shard": "a"}), step("transform-b", "transform", values={"shard": "b"})],
            [step("load", "load", values={"all": "{{steps.transform-a.outputs.result}}{{steps.transform-b.outputs.result}}"})],
        ],
    }  # fmt: skip
    status = ran(
        sandboxed,
        workflow("steps", "pipeline", main, sh("fetch", "echo data"), sh("transform", "echo -n {{inputs.parameters.shard}}", ["shard"]), sh("load", "echo {{inputs.parameters.all}}", ["all"])),
    )  # fmt: skip
    assert parameters(node(status, "load")["inputs"]) == {"all": "ab"}


@pytest.mark.parametrize(
    ("accuracy", "ran_step", "skipped"), [("0.97", "deploy", "notify"), ("0.50", "notify", "deploy")]
)
def test_a_dag_branches_on_what_a_step_found(
    sandboxed: Project, accuracy: str, ran_step: str, skipped: str
) -> None:
    found = {"parameters": [{"name": "accuracy", "valueFrom": {"path": "/tmp/accuracy.txt"}}]}
    model = {"artifacts": [{"name": "model", "path": "/tmp/model.pt"}]}
    train = sh(
        "train",
        "cp /data/set /tmp/model.pt",
        outputs=model,
        inputs={"artifacts": [{"name": "set", "path": "/data/set"}]},
    )
    prepare = sh(
        "prepare", "echo rows > /tmp/set", outputs={"artifacts": [{"name": "set", "path": "/tmp/set"}]}
    )
    evaluate = sh(
        "evaluate", f"grep -q rows /m/model.pt && echo -n {accuracy} > /tmp/accuracy.txt", outputs=found,
        inputs={"artifacts": [{"name": "model", "path": "/m/model.pt"}]},
    )  # fmt: skip
    value = "{{tasks.evaluate.outputs.parameters.accuracy}}"
    main = {
        "name": "ml",
        "dag": {
            "tasks": [
                step("prepare", "prepare"),
                step("train", "train", dependencies=["prepare"], arguments={"artifacts": [{"name": "set", "from": "{{tasks.prepare.outputs.artifacts.set}}"}]}),
                step("evaluate", "evaluate", dependencies=["train"], arguments={"artifacts": [{"name": "model", "from": "{{tasks.train.outputs.artifacts.model}}"}]}),
                step("deploy", "end", dependencies=["evaluate"], when=f"{value} >= 0.95"),
                step("notify", "end", dependencies=["evaluate"], when=f"{value} < 0.95"),
            ]
        },
    }  # fmt: skip
    status = ran(sandboxed, workflow("ml", "ml", main, prepare, train, evaluate, sh("end", "true")))
    assert (node(status, ran_step)["phase"], node(status, skipped)["phase"]) == ("Succeeded", "Skipped")


def test_parameters_of_the_command_line_win(sandboxed: Project) -> None:
    given = {
        "parameters": [{"name": "image-tag", "value": "latest"}, {"name": "environment", "value": "staging"}]
    }
    main = sh("main", "echo {{workflow.parameters.image-tag}} {{workflow.parameters.environment}}")
    sandboxed.write("workflow.yaml", workflow("params", "main", main, arguments=given))
    done = sandboxed.argorun("run", "workflow.yaml", "-p", "image-tag=v1.2.3", "-p", "environment=production")
    assert (done.code, "params: v1.2.3 production\n" in done.out) == (0, True)


def test_a_flaky_call_is_retried(sandboxed: Project) -> None:
    retry = {
        "limit": "5",
        "retryPolicy": "Always",
        "backoff": {"duration": "100ms", "factor": "2", "maxDuration": "3m"},
    }
    status = ran(
        sandboxed, workflow("flaky", "call", sh("call", "test {{retries}} -ge 2", retryStrategy=retry))
    )
    attempts = [n["phase"] for n in status["nodes"].values() if n["type"] == "Pod"]
    assert (status["phase"], attempts) == ("Succeeded", ["Failed", "Failed", "Succeeded"])


def test_lists_fan_out(sandboxed: Project) -> None:
    shards = ["shard-001", "shard-002", "shard-003"]
    main = {
        "name": "main",
        "parallelism": 3,
        "steps": [
            [step("discover", "discover"), step("fixed", "process", values={"shard": "{{item}}"}, withItems=shards)],
            [step("all", "process", values={"shard": "{{item}}"}, withParam="{{steps.discover.outputs.result}}")],
        ],
    }  # fmt: skip
    discover = sh("discover", f"echo '{json.dumps(shards[:2])}'")
    process = sh("process", "echo {{inputs.parameters.shard}}", ["shard"])
    status = ran(sandboxed, workflow("fan", "main", main, discover, process, parallelism=5))
    names = {n["displayName"] for n in status["nodes"].values() if n["type"] == "Pod"}
    assert names == {
        "discover", "fixed(0:shard-001)", "fixed(1:shard-002)", "fixed(2:shard-003)", "all(0:shard-001)", "all(1:shard-002)",
    }  # fmt: skip


def test_templates_of_other_files_crons_and_events(sandboxed: Project) -> None:
    library = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "build-templates", "namespace": "argo"},
        "spec": {"entrypoint": "build", "arguments": {"parameters": [{"name": "tag", "value": "none"}]}, "templates": [sh("build", "echo built {{inputs.parameters.tag}}", ["tag"])]},
    }  # fmt: skip
    use = {"name": "b", "templateRef": {"name": "build-templates", "template": "build"}, "arguments": {"parameters": [{"name": "tag", "value": "{{workflow.creationTimestamp.Y}}"}]}}  # fmt: skip
    cron = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": {"name": "nightly", "namespace": "argo"},
        "spec": {"schedules": ["0 2 * * *"], "timezone": "UTC", "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 300,
                 "workflowSpec": {"entrypoint": "main", "templates": [{"name": "main", "steps": [[use]]}]}},
    }  # fmt: skip
    sensor = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "metadata": {"name": "on-push", "namespace": "argo"},
        "spec": {
            "dependencies": [{"name": "push", "eventSourceName": "hook", "eventName": "push"}],
            "triggers": [{"template": {"name": "ci", "k8s": {
                "operation": "create",
                "source": {"resource": {
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "ci-", "namespace": "argo"},
                    "spec": {"workflowTemplateRef": {"name": "build-templates"}, "arguments": {"parameters": [{"name": "tag", "value": ""}]}},
                }},
                "parameters": [{"src": {"dependencyName": "push", "dataKey": "body.ref"}, "dest": "spec.arguments.parameters.0.value"}],
            }}}],
        },
    }  # fmt: skip
    for name, obj in (("library", library), ("cron", cron), ("sensor", sensor)):
        sandboxed.write(f"{name}.yaml", yaml.safe_dump(obj, sort_keys=False))
    nightly = sandboxed.argorun("run", "cron/nightly")
    assert nightly.code == 0, nightly.err
    assert "b: built 20" in nightly.out
    assert sandboxed.argorun("cron", "next", "cron/nightly").code == 0
    sandboxed.write("push.json", json.dumps({"ref": "main"}))
    pushed = sandboxed.argorun("event", "hook/push", "--payload", "push.json", "--run")
    assert pushed.code == 0, pushed.err
    assert "built main" in pushed.out
