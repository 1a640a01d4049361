"""What is in the cluster now: the managed kinds, and the Workflows that are running."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient, resource_for
from reconciler.config import TargetConfig
from reconciler.fields import applied_by_us
from reconciler.model import MANAGED_KINDS, TARGET_LABEL, Key, Obj, digest, key_of

_DONE = ("Succeeded", "Failed", "Error")
COMPLETED_LABEL = "workflows.argoproj.io/completed"


class Live(NamedTuple):
    """The objects of the managed kinds.

    `whole_cluster` is False where only some namespaces may be listed; `hidden` are kinds that may not be listed at all, so
    that nothing can be said about references to them.
    """

    objects: dict[Key, Obj]
    whole_cluster: bool
    hidden: frozenset[str] = frozenset()


class ClusterError(UserError):
    """The cluster cannot be used as it must be; `transient` when waiting may help."""

    def __init__(self, reason: str, message: str, remedy: str = "", *, transient: bool = False) -> None:
        super().__init__(message, remedy, exit_code=1)
        self.reason = reason
        self.transient = transient


def connect(target: TargetConfig) -> KubeClient:
    """A client for the target. Raises UserError for a bad kubeconfig."""
    return KubeClient.from_kubeconfig(target.kubeconfig or None, target.context or None)


def identity(client: KubeClient) -> str:
    """The uid of the kube-system namespace, which outlives the address of a cluster; "" where it may not be read."""
    try:
        found = client.try_get(resource_for("Namespace"), "kube-system")
    except ApiError as error:
        if error.status in (401, 403):
            return ""
        raise explain(error, client) from error
    return str(found["metadata"].get("uid", "")) if found else ""


def observe(client: KubeClient, namespaces: Iterable[str]) -> Live:
    """List every object of the managed kinds: in the whole cluster, or in `namespaces` where more is not permitted.

    A list is used only when it is complete. Raises ClusterError.
    """
    objects: dict[Key, Obj] = {}
    whole = True
    hidden: set[str] = set()
    for kind in MANAGED_KINDS:
        resource = resource_for(kind)
        try:
            found = client.list(resource).items
        except ApiError as error:
            found = []
            if error.not_found and kind == "ClusterWorkflowTemplate":
                continue  # An installation for one namespace has no such CRD.
            if error.status != 403:
                raise explain(error, client, kind) from error
            whole = False
            if not resource.namespaced:
                hidden.add(kind)
            for namespace in namespaces if resource.namespaced else ():
                try:
                    found += client.list(resource, namespace).items
                except ApiError as inner:
                    raise explain(inner, client, kind) from inner
        for obj in found:
            objects[key_of(obj)] = obj
    return Live(objects, whole, frozenset(hidden))


def running(client: KubeClient, namespaces: Iterable[str], *, whole_cluster: bool) -> list[Obj]:
    """The Workflows that have not ended. Raises ClusterError."""
    resource = resource_for("Workflow")
    try:
        if whole_cluster:
            found = client.list(resource, label_selector=f"{COMPLETED_LABEL}!=true").items
        else:
            found = [
                obj
                for namespace in namespaces
                for obj in client.list(resource, namespace, label_selector=f"{COMPLETED_LABEL}!=true").items
            ]
    except ApiError as error:
        raise explain(error, client, "Workflow") from error
    return [obj for obj in found if (obj.get("status") or {}).get("phase") not in _DONE]


def owned(obj: Obj, target: str) -> bool:
    """Whether the object is the target's: it has its label, and we have applied it."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    return labels.get(TARGET_LABEL) == target and applied_by_us(obj)


def outside_fingerprint(live: Live, target: str) -> str:
    """A hash that moves when a template that is not the target's does: its references may then resolve otherwise."""
    versions = [
        [*key, obj["metadata"].get("uid"), obj["metadata"].get("resourceVersion")]
        for key, obj in live.objects.items()
        if key.kind != "CronWorkflow" and not owned(obj, target)
    ]
    return digest(sorted(versions))


def explain(error: ApiError, client: KubeClient, what: str = "") -> ClusterError:
    """What a failed request means for the whole synchronisation."""
    place = client.server
    if error.status == 0:
        return ClusterError(
            "ClusterUnavailable", str(error), "check the kubeconfig and that the cluster runs", transient=True
        )
    if error.status == 401:
        return ClusterError("Unauthorized", f"{place}: the credentials are refused", "renew the kubeconfig")
    if error.status == 403:
        return ClusterError(
            "Forbidden", f"{place}: {error.message}", "give argosync's account this right (docs/argosync.md)"
        )
    if error.status == 404 and what:
        return ClusterError(
            "CrdMissing",
            f"{place}: the cluster has no kind {what}",
            "install the CRDs of Argo Workflows there",
        )
    return ClusterError(
        "ClusterError", f"{place}: {error}", "see the server's message", transient=error.transient
    )
