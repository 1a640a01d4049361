"""What `workflow-controller-configmap` says reaches the workflows; one that cannot be read changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from argolint.kube import ApiError, resource_for
from executor.controller import actions
from executor.controller.budget import PodBudget
from executor.controller.checks import initial_wait
from executor.controller.references import account_names
from executor.controller.settings import CONFIG_MAP, read_config
from executor.engine.contract import DeletePod

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAPS = resource_for("ConfigMap")
HELLO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: %s}
spec:
  entrypoint: main
  templates:
  - name: main
    %s
  - name: one
    container: {image: alpine, command: [sh, -c, "echo $GREETING"]}
"""
FAN = "steps: [[{name: a, template: one, withItems: [1, 2, 3, 4]}]]"


def test_every_setting_is_read() -> None:
    config = read_config(
        {
            "data": {
                "mainContainer": "imagePullPolicy: IfNotPresent",
                "executor": "resources: {limits: {cpu: 1}}",
                "failedPodRestart": "{enabled: true, maxRestarts: 5}",
                "resourceRateLimit": "{limit: 10, burst: 3}",
                "workflowRestrictions": "templateReferencing: Secure",
                "initialDelay": "1m5s",
                "namespaceParallelism": "7",
            }
        }
    )
    assert config.problem == ""
    assert config.main_container == {"imagePullPolicy": "IfNotPresent"}
    assert config.executor_container == {"resources": {"limits": {"cpu": 1}}}
    assert config.failed_pod_restart == {"enabled": True, "maxRestarts": 5}
    assert (config.creation_limit, config.creation_burst) == (10.0, 3)
    assert (config.template_referencing, config.initial_delay, config.namespace_parallelism) == (
        "Secure",
        65.0,
        7,
    )


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"mainContainer": "[1]"}, "mainContainer must be a mapping"),
        ({"failedPodRestart": "{enabled: maybe}"}, "failedPodRestart.enabled must be true or false"),
        ({"failedPodRestart": "{maxRestarts: -1}"}, "failedPodRestart.maxRestarts must be zero or a positive whole number"),
        ({"resourceRateLimit": "{limit: .inf}"}, "resourceRateLimit.limit must be a number of pods a second"),
        ({"resourceRateLimit": "{limit: 1, burst: x}"}, "resourceRateLimit.burst must be a whole number"),
        ({"initialDelay": "soon"}, "initialDelay must be a duration such as 5s"),
        ({"workflowRestrictions": "templateReferencing: Lax"}, "workflowRestrictions.templateReferencing must be Strict or Secure"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(data: dict[str, str], problem: str) -> None:
    assert read_config({"data": data}).problem == problem


def test_a_restriction_that_cannot_be_read_is_the_strictest() -> None:
    assert (
        read_config({"data": {"workflowRestrictions": "templateReferencing: Lax"}}).template_referencing
        == "Secure"
    )
    assert read_config({"data": {"config": "workflowRestrictions: {"}}).template_referencing == "Secure"
    assert read_config({"data": {"config": "parallelism: {"}}).template_referencing == ""


def test_the_budget_is_one_for_all_and_refills() -> None:
    budget = PodBudget()
    assert budget.take(None, 1, NOW) == (None, 1.0)
    assert budget.take(2.0, 3, NOW) == (3, 0.5)
    assert budget.take(2.0, 3, NOW) == (0, 0.5)
    budget.give_back(2)
    assert budget.take(2.0, 3, NOW)[0] == 2
    assert budget.take(2.0, 3, NOW + timedelta(seconds=1))[0] == 2


def test_a_new_workflow_waits_for_the_initial_delay_and_no_other() -> None:
    new = {"metadata": {"creationTimestamp": "2025-12-31T23:59:58Z"}}
    assert initial_wait(new, 5.0, NOW) == 3.0
    assert initial_wait(new, 0.0, NOW) == 0.0
    assert initial_wait({**new, "status": {"phase": "Running"}}, 5.0, NOW) == 0.0


def test_accounts_of_executors_are_found() -> None:
    spec = {"executor": {"serviceAccountName": "a"}, "templates": [{"executor": {"serviceAccountName": "b"}},
            {"executor": {"serviceAccountName": "{{x}}"}}]}  # fmt: skip
    assert account_names([spec, None]) == {"a", "b"}


def test_a_pod_is_deleted_by_uid_when_one_is_given(cluster: Any) -> None:
    pods = resource_for("Pod")
    manifest = {
        "metadata": {"name": "p"},
        "spec": {"nodeName": "elsewhere", "containers": [{"name": "c", "image": "alpine"}]},
    }
    pod = cluster.client.create(pods, {"apiVersion": "v1", "kind": "Pod", **manifest}, cluster.namespace)
    actions.delete_pod(cluster.client, cluster.namespace, DeletePod("p", "another-uid"))
    found = cluster.client.get(pods, "p", cluster.namespace)
    assert found["metadata"]["uid"] == pod["metadata"]["uid"]
    assert not found["metadata"].get("deletionTimestamp")
    actions.delete_pod(cluster.client, cluster.namespace, DeletePod("p", pod["metadata"]["uid"]))
    left = cluster.client.try_get(pods, "p", cluster.namespace)
    assert left is None or left["metadata"]["deletionTimestamp"]
    cluster.client.delete(pods, "p", cluster.namespace, grace_seconds=0) if left else None


@pytest.fixture
def configure(cluster: Any, controller: Any) -> Iterator[Any]:
    """Write the controller's ConfigMap; `configure(data, broken=True)` when it is not to be taken over."""

    def until(true: Any) -> None:
        end = time.monotonic() + 10
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)

    def write(data: dict[str, str], broken: bool = False) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CONFIG_MAP}, "data": data}
        before = controller.view.config
        try:
            stored = cluster.client.create(MAPS, body, "argo")
        except ApiError:
            stored = cluster.client.replace(MAPS, body, "argo")
        version = stored["metadata"]["resourceVersion"]

        def arrived() -> bool:
            found = controller.view.controller_config.get("argo", CONFIG_MAP)
            return found is not None and int(found["metadata"]["resourceVersion"]) >= int(version)

        until(arrived)
        if not broken:
            until(lambda: controller.view.config is not before)

    yield write
    before = controller.view.config
    cluster.client.delete(MAPS, CONFIG_MAP, "argo")
    until(lambda: controller.view.config is not before)


@pytest.mark.sandbox
def test_the_configuration_reaches_pods_and_a_broken_one_is_left_out(
    cluster: Any, configure: Any, controller: Any
) -> None:
    configure(
        {"mainContainer": "env: [{name: GREETING, value: hi}]", "resourceRateLimit": "{limit: 50, burst: 1}"}
    )
    wf = cluster.run(HELLO % ("first", FAN))
    assert wf["status"]["phase"] == "Succeeded"
    pods = cluster.client.list(resource_for("Pod"), cluster.namespace).items
    assert len(pods) == 4
    mains = [c for pod in pods for c in pod["spec"]["containers"] if c["name"] == "main"]
    assert {e["value"] for c in mains for e in c["env"] if e["name"] == "GREETING"} == {"hi"}

    good = controller.view.config
    configure({"mainContainer": "[", "parallelism": "-3"}, broken=True)
    assert controller.view.config is good
    end = time.monotonic() + 10
    message = ""
    while not message and time.monotonic() < end:
        events = cluster.client.list(resource_for("Event"), "argo").items
        message = next((e["message"] for e in events if e["reason"] == "InvalidConfiguration"), "")
        time.sleep(0.05)
    assert "mainContainer: " in message
    assert "parallelism must be zero or a positive whole number" in message
    assert message.endswith("the configuration before it stays in force")

    configure({"workflowRestrictions": "templateReferencing: Strict"})
    refused = cluster.run(HELLO % ("second", FAN))
    assert refused["status"]["phase"] == "Error"
    assert "workflowTemplateRef" in refused["status"]["message"]
