"""The resources that the tools themselves use, so that no discovery call is needed for them."""

from __future__ import annotations

from typing import NamedTuple


class Resource(NamedTuple):
    """How a kind is addressed in the API. `group` is "" for the core group."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`group/version`, or the bare version for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base_path(self) -> str:
        """The path of the group and version, without a trailing slash."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The request path of the collection (no name) or of one object."""
        from urllib.parse import quote

        parts = [self.base_path]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{quote(namespace, safe='')}")
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


_ARGO = ("argoproj.io", "v1alpha1")
_RBAC = ("rbac.authorization.k8s.io", "v1")

KNOWN: dict[tuple[str, str], Resource] = {
    (r.api_version, r.kind): r
    for r in (
        Resource(*_ARGO, "workflows", "Workflow"),
        Resource(*_ARGO, "workflowtemplates", "WorkflowTemplate"),
        Resource(*_ARGO, "clusterworkflowtemplates", "ClusterWorkflowTemplate", False),
        Resource(*_ARGO, "cronworkflows", "CronWorkflow"),
        Resource(*_ARGO, "workflowtasksets", "WorkflowTaskSet"),
        Resource(*_ARGO, "workflowtaskresults", "WorkflowTaskResult"),
        Resource(*_ARGO, "workflowartifactgctasks", "WorkflowArtifactGCTask"),
        Resource(*_ARGO, "workfloweventbindings", "WorkflowEventBinding"),
        Resource(*_ARGO, "eventbus", "EventBus"),
        Resource(*_ARGO, "eventsources", "EventSource"),
        Resource(*_ARGO, "sensors", "Sensor"),
        Resource("", "v1", "namespaces", "Namespace", False),
        Resource("", "v1", "nodes", "Node", False),
        Resource("", "v1", "pods", "Pod"),
        Resource("", "v1", "events", "Event"),
        Resource("", "v1", "configmaps", "ConfigMap"),
        Resource("", "v1", "secrets", "Secret"),
        Resource("", "v1", "services", "Service"),
        Resource("", "v1", "serviceaccounts", "ServiceAccount"),
        Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
        Resource("apps", "v1", "deployments", "Deployment"),
        Resource("batch", "v1", "jobs", "Job"),
        Resource("batch", "v1", "cronjobs", "CronJob"),
        Resource("coordination.k8s.io", "v1", "leases", "Lease"),
        Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
        Resource(*_RBAC, "roles", "Role"),
        Resource(*_RBAC, "rolebindings", "RoleBinding"),
        Resource(*_RBAC, "clusterroles", "ClusterRole", False),
        Resource(*_RBAC, "clusterrolebindings", "ClusterRoleBinding", False),
        Resource(
            "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False
        ),
    )
}


def resource_for(kind: str) -> Resource:
    """The known resource of a kind whose name is unique among `KNOWN`; KeyError otherwise."""
    for resource in KNOWN.values():
        if resource.kind == kind:
            return resource
    raise KeyError(kind)
