"""Hera itself against the argo-server API; runs where Hera is installed (`pip install hera`)."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.kube import KubeClient
from executor.cluster.testing import RunningCluster

pytestmark = pytest.mark.slow
hera: Any = pytest.importorskip("hera.workflows", reason="hera is not installed")


@pytest.fixture
def service(cluster: RunningCluster) -> Any:
    import yaml

    users = yaml.safe_load(cluster.kubeconfig.read_text())["users"]
    token = users[0]["user"]["token"]
    return hera.WorkflowsService(host=cluster.url, verify_ssl=False, token=token, namespace="argo")


def test_hera_creates_changes_and_deletes_a_workflow(service: Any, cluster: RunningCluster) -> None:
    models = hera.models
    with hera.Workflow(
        generate_name="hera-", entrypoint="main", workflows_service=service, namespace="argo"
    ) as workflow:
        hera.Container(name="main", image="alpine:3.20", command=["true"])
    assert workflow.lint().metadata.generate_name == "hera-"
    name = workflow.create().metadata.name
    names = {"name": name, "namespace": "argo"}
    stored = KubeClient.from_kubeconfig(cluster.kubeconfig).request(
        "GET", f"/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/{name}"
    )
    assert stored["metadata"]["uid"] == service.get_workflow(name).metadata.uid
    assert service.suspend_workflow(name, models.WorkflowSuspendRequest(**names)).spec.suspend is True
    assert service.resume_workflow(name, models.WorkflowResumeRequest(**names)).spec.suspend is None
    assert service.stop_workflow(name, models.WorkflowStopRequest(**names)).spec.shutdown == "Stop"
    request = models.WorkflowResubmitRequest(**names, parameters=["who=you"])
    again = service.resubmit_workflow(name, request)
    assert [(item.name, item.value) for item in again.spec.arguments.parameters] == [("who", "you")]
    with pytest.raises(Exception, match="workflow must be Failed/Error to retry"):
        service.retry_workflow(name, models.WorkflowRetryRequest(**names))
    for done in (name, again.metadata.name):
        service.delete_workflow(done)
    assert name not in [item.metadata.name for item in service.list_workflows().items or ()]
