"""What the controller's configuration changes, and the pods' fields that come with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from executor.engine import advance
from executor.engine.contract import (
    Context,
    CreateObject,
    CreatePod,
    DeletePod,
    EmitMetric,
    PodDeleted,
    PodObserved,
    WakeAt,
)
from executor.engine.rate import Bucket, full
from executor.engine.simulate import START, Answer, with_status

IMAGES = {"*": (("/bin/entrypoint",), ())}
CONTEXT = Context(image_commands=IMAGES)
LEAF = "{name: work, container: {image: alpine, command: [work]}}"
ONE = f"{{entrypoint: work, templates: [{LEAF}]}}"
Maker = Callable[..., dict[str, Any]]


def created(commands: Any) -> list[Any]:
    return [c.pod for c in commands if isinstance(c, CreatePod)]


def evicted(pod: dict[str, Any], uid: str, *, began: bool = False) -> PodObserved:
    state = (
        {"terminated": {"exitCode": 137, "startedAt": "2026-01-01T00:00:00Z"}} if began else {"waiting": {}}
    )
    statuses = [{"name": "main", "state": state}]
    status = {
        "phase": "Failed",
        "reason": "Evicted",
        "message": "low on memory",
        "containerStatuses": statuses,
    }
    return PodObserved({**pod, "metadata": {**pod["metadata"], "uid": uid}, "status": status})


# --- failedPodRestart ---------------------------------------------------------------------------------


def test_a_pod_that_was_evicted_before_it_began_is_started_again(workflow: Maker) -> None:
    context = replace(CONTEXT, failed_pod_restart={"enabled": True, "maxRestarts": 1})
    step = advance(workflow(ONE), (), START, context)
    [pod] = created(step.commands)
    step = advance(step.state, [evicted(pod, "u1")], START, context)
    node = step.state["status"]["nodes"]["wf"]
    assert (node["phase"], node["failedPodRestarts"], node["restartingPodUID"]) == ("Pending", 1, "u1")
    assert node["message"] == "Pod auto-restarting due to Evicted: low on memory"
    assert DeletePod("wf", "u1") in step.commands
    assert created(step.commands) == []
    # The old pod may be seen again before it is gone.
    again = advance(step.state, [evicted(pod, "u1")], START, context)
    assert not again.changed
    step = advance(step.state, [PodDeleted("wf")], START, context)
    assert created(step.commands) == [pod]
    step = advance(step.state, [evicted(pod, "u2")], START, context)
    node = step.state["status"]["nodes"]["wf"]
    assert (node["phase"], node["message"], "restartingPodUID" in node) == ("Failed", "low on memory", False)


@pytest.mark.parametrize(
    ("setting", "version", "began"),
    [({}, "4.1", False), ({"enabled": True}, "3.7", False), ({"enabled": True}, "4.1", True)],
)
def test_other_pods_are_not_started_again(
    workflow: Maker, setting: dict[str, Any], version: str, began: bool
) -> None:
    context = replace(CONTEXT, failed_pod_restart=setting, rules_version=version)
    step = advance(workflow(ONE), (), START, context)
    step = advance(step.state, [evicted(created(step.commands)[0], "u1", began=began)], START, context)
    assert step.state["status"]["nodes"]["wf"]["phase"] == "Failed"


# --- resourceRateLimit --------------------------------------------------------------------------------

WIDE = f"""
entrypoint: main
templates:
- name: main
  steps: [[{{name: a, template: work, withSequence: {{count: "5"}}}}]]
- {LEAF}
"""


def test_pods_beyond_the_budget_wait_for_the_next_token(workflow: Maker) -> None:
    limited = replace(CONTEXT, creation_budget=2, creation_retry=0.5)
    step = advance(workflow(WIDE), (), START, limited)
    assert len(created(step.commands)) == 2
    assert WakeAt(START + timedelta(seconds=0.5)) in step.commands
    waiting = [n for n in step.state["status"]["nodes"].values() if n.get("message")]
    assert [(n["phase"], n["message"]) for n in waiting] == [
        ("Pending", "resource creation rate-limit reached")
    ] * 3
    step = advance(step.state, (), START + timedelta(seconds=1), limited)
    assert len(created(step.commands)) == 2
    step = advance(step.state, (), START + timedelta(seconds=2), CONTEXT)
    assert len(created(step.commands)) == 1


def test_a_bucket_fills_at_its_rate_up_to_its_burst() -> None:
    bucket = full(2.0, 3, START)
    assert (bucket.budget, bucket.spent(3).budget, bucket.spent(3).retry_seconds) == (3, 0, 0.5)
    later = bucket.spent(3).refilled(START + timedelta(seconds=1))
    assert later == Bucket(2.0, 3, 2.0, START + timedelta(seconds=1))
    assert later.refilled(START).tokens == 2.0
    assert later.refilled(START + timedelta(hours=1)).tokens == 3.0


# --- templateReferencing ------------------------------------------------------------------------------


def referenced(entry: str = "work") -> dict[str, Any]:
    import yaml

    spec = {
        "entrypoint": entry,
        "templates": [yaml.safe_load(LEAF), {**yaml.safe_load(LEAF), "name": "other"}],
    }
    return {"metadata": {"name": "wt", "namespace": "argo"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "phase", "message"),
    [
        (
            ONE,
            "Error",
            "workflows must use workflowTemplateRef to be executed when the controller is in reference mode",
        ),
        (
            "{workflowTemplateRef: {name: wt}, priority: 3, arguments: {parameters: [{name: a, value: b}]}}",
            "Running",
            "",
        ),
        (
            "{workflowTemplateRef: {name: wt}, hostNetwork: true, artifactGC: {strategy: Never, serviceAccountName: x}}",
            "Error",
            "the controller is in reference mode Strict: a workflow may not set spec.hostNetwork, spec.artifactGC.serviceAccountName",
        ),
    ],
)
def test_template_referencing(workflow: Maker, spec: str, phase: str, message: str) -> None:
    context = replace(
        CONTEXT, template_referencing="Strict", workflow_templates={("argo", "wt"): referenced()}
    )
    status = advance(workflow(spec), (), START, context).state["status"]
    assert (status["phase"], status.get("message", "")) == (phase, message)


@pytest.mark.parametrize(("mode", "phase"), [("Strict", "Running"), ("Secure", "Error")])
def test_secure_referencing_notices_an_edited_template(workflow: Maker, mode: str, phase: str) -> None:
    context = replace(CONTEXT, template_referencing=mode, workflow_templates={("argo", "wt"): referenced()})
    step = advance(workflow("{workflowTemplateRef: {name: wt}}"), (), START, context)
    unedited = advance(step.state, (), START, context)
    assert unedited.state["status"]["phase"] == "Running"
    edited = replace(context, workflow_templates={("argo", "wt"): referenced("other")})
    status = advance(step.state, (), START, edited).state["status"]
    assert status["phase"] == phase
    if phase == "Error":
        assert "may not change during execution" in status["message"]


# --- containers and fields of the pod -----------------------------------------------------------------


def test_defaults_lie_under_the_users_and_argoexecs_containers(workflow: Maker) -> None:
    context = replace(
        CONTEXT,
        main_container={"name": "main", "imagePullPolicy": "Always", "env": [{"name": "A", "value": "1"}]},
        executor_container={"resources": {"requests": {"cpu": "10m"}}, "imagePullPolicy": "Never"},
    )
    spec = f"{{entrypoint: work, templates: [{LEAF.replace('image: alpine', 'imagePullPolicy: IfNotPresent, image: alpine')}]}}"
    [pod] = created(advance(workflow(spec), (), START, context).commands)
    wait, main = pod["spec"]["containers"]
    assert (main["imagePullPolicy"], main["env"][0]) == ("IfNotPresent", {"name": "A", "value": "1"})
    assert (wait["imagePullPolicy"], wait["resources"]) == ("Never", {"requests": {"cpu": "10m"}})


def test_argoexec_under_an_account_of_its_own(workflow: Maker) -> None:
    text = f"{{entrypoint: work, automountServiceAccountToken: false, executor: {{serviceAccountName: robot}}, templates: [{LEAF}]}}"
    account = {
        "metadata": {"annotations": {"workflows.argoproj.io/service-account-token.name": "robot-token"}}
    }
    for accounts, secret in (
        ({}, "robot.service-account-token"),
        ({("argo", "robot"): account}, "robot-token"),
    ):
        context = replace(CONTEXT, service_accounts=accounts)
        [pod] = created(advance(workflow(text), (), START, context).commands)
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert {"name": "exec-sa-token", "secret": {"secretName": secret}} in pod["spec"]["volumes"]
        mounted = {
            c["name"]
            for c in (*pod["spec"]["initContainers"], *pod["spec"]["containers"])
            if {
                "name": "exec-sa-token",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "readOnly": True,
            }
            in c["volumeMounts"]
        }
        assert mounted == {"init", "wait"}


def test_a_pod_without_any_token_is_an_error(run: Any) -> None:
    outcome = run(f"{{entrypoint: work, automountServiceAccountToken: false, templates: [{LEAF}]}}")
    assert outcome.node("wf")["message"] == (
        "executor.serviceAccountName must not be empty if automountServiceAccountToken is false"
    )


def test_scheduling_fields_of_template_and_workflow(workflow: Maker) -> None:
    text = """
entrypoint: work
podPriorityClassName: low
hostNetwork: true
dnsPolicy: None
dnsConfig: {nameservers: [1.1.1.1]}
imagePullSecrets: [{name: pull}]
hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]
schedulerName: ours
securityContext: {runAsUser: 1}
podResources: {limits: {cpu: "1"}}
templates:
- name: work
  priorityClassName: high
  hostAliases: [{ip: 10.0.0.2, hostnames: [b]}]
  resourceClaims: [{name: gpu, resourceClaimName: gpu}]
  container: {image: alpine, command: [work]}
"""
    [pod] = created(advance(workflow(text), (), START, CONTEXT).commands)
    assert {k: v for k, v in pod["spec"].items() if k not in ("volumes", "containers", "initContainers")} == {
        "restartPolicy": "Never",
        "priorityClassName": "high",
        "hostNetwork": True,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["1.1.1.1"]},
        "imagePullSecrets": [{"name": "pull"}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}, {"ip": "10.0.0.2", "hostnames": ["b"]}],
        "schedulerName": "ours",
        "securityContext": {"runAsUser": 1},
        "resources": {"limits": {"cpu": "1"}},
        "resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}],
    }


def test_a_template_too_long_for_an_environment_travels_in_a_config_map(workflow: Maker) -> None:
    text = f"{{entrypoint: say, templates: [{{name: say, script: {{image: a, command: [sh], source: '{'x' * 140_000}'}}}}]}}"
    step = advance(workflow(text), (), START, CONTEXT)
    [pod] = created(step.commands)
    [made] = [c.object for c in step.commands if isinstance(c, CreateObject)]
    assert (made["kind"], made["metadata"]["name"], made["metadata"]["labels"]) == (
        "ConfigMap",
        "wf",
        {"workflows.argoproj.io/workflow": "wf"},
    )
    assert json.loads(made["data"]["ARGO_TEMPLATE"])["script"]["source"] == "x" * 140_000
    [init] = pod["spec"]["initContainers"]
    assert {"name": "ARGO_TEMPLATE", "value": "offloaded"} in init["env"]
    assert {"name": "argo-env-config", "mountPath": "/argo/config"} in init["volumeMounts"]
    assert {"name": "argo-env-config", "configMap": {"name": "wf"}} in pod["spec"]["volumes"]


def test_secrets_of_artifact_stores_are_mounted_for_argoexec(workflow: Maker) -> None:
    repository = {
        "s3": {
            "bucket": "b",
            "accessKeySecret": {"name": "s", "key": "a"},
            "secretKeySecret": {"name": "s", "key": "b"},
        }
    }
    context = replace(CONTEXT, artifact_repository=repository, artifact_secrets=True)
    [pod] = created(advance(workflow(ONE), (), START, context).commands)
    items = [{"key": "a", "path": "a"}, {"key": "b", "path": "b"}]
    assert {"name": "s", "secret": {"secretName": "s", "items": items}} in pod["spec"]["volumes"]
    mount = {"name": "s", "mountPath": "/argo/secret/s", "readOnly": True}
    containers = [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]
    assert [c["name"] for c in containers if mount in c["volumeMounts"]] == ["init", "wait"]


# --- realtime metrics ---------------------------------------------------------------------------------


def test_realtime_gauges_begin_with_the_node_and_end_with_its_last_value(run: Any) -> None:
    text = """
entrypoint: work
metrics: {prometheus: [{name: all, help: h, gauge: {realtime: true, value: "{{workflow.duration}}"}}]}
templates:
- name: work
  metrics:
    prometheus:
    - {name: one, help: h, gauge: {realtime: true, value: "{{duration}}"}}
    - {name: bad, help: h, gauge: {realtime: true, value: "1"}}
  container: {image: alpine, command: [work]}
"""
    outcome = run(text, {"work": Answer(after=7.0)})
    samples = [(c.name, c.value, c.since) for _, c in outcome.trace if isinstance(c, EmitMetric)]
    assert samples == [
        ("argo_workflows_all", 0.0, START),
        ("argo_workflows_one", 0.0, START),
        ("argo_workflows_all", 7.0, None),
        ("argo_workflows_one", 7.0, None),
        ("argo_workflows_bad", 1.0, None),
    ]
    [problem] = [c for c in outcome.state["status"]["conditions"] if c["type"] == "MetricsError"]
    assert problem["message"] == (
        "real time metric 'bad' has the value '1': "
        "'{{duration}}' and '{{workflow.duration}}' are the only values of a realtime gauge"
    )


# --- inline templates ---------------------------------------------------------------------------------


def test_inline_template_of_a_plain_workflow_after_a_restart(workflow: Maker) -> None:
    text = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - name: a
      inline: {daemon: true, container: {image: alpine, command: [serve]}}
    - {name: b, depends: a, template: work}
- {name: work, container: {image: alpine, command: [work]}}
"""
    step = advance(workflow(text), (), START, CONTEXT)
    [pod] = created(step.commands)
    stored = json.loads(json.dumps(step.state))
    ready = with_status(pod, "Running", START, {}, None)
    step = advance(stored, [PodObserved(ready)], START, CONTEXT)
    nodes = {n["displayName"]: n for n in step.state["status"]["nodes"].values()}
    assert nodes["a"].get("daemoned") is True
    assert nodes["b"]["phase"] == "Pending"


def test_database_locks_are_refused_by_name(run: Any) -> None:
    for lock, message in (
        (
            "mutexes: [{name: m, database: true}]",
            "mutex argo/Mutex/m: mutexes in a database are not supported",
        ),
        (
            "semaphores: [{database: {key: k}}]",
            "semaphore argo/Database/k: semaphores in a database are not supported",
        ),
        (
            "semaphores: [{namespace: x}]",
            "requested configuration is invalid: a semaphore must have either configMapKeyRef or database",
        ),
        ("mutexes: [{name: m}, {name: m}]", "duplicate synchronization item found"),
    ):
        outcome = run(
            f"{{entrypoint: work, templates: [{{name: work, synchronization: {{{lock}}}, container: {{image: a, command: [c]}}}}]}}"
        )
        assert outcome.node("wf")["message"] == message
