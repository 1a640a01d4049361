"""Fields and APIs that releases removed, and what took their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import WorkflowSpec
from argolint.yaml.edit import insert, reindent, replace
from argolint.yaml.nodes import Map

# Fields that became lists in Argo 3.6; the old ones went with 4.0.
LISTS = {"schedule": "schedules", "mutex": "mutexes", "semaphore": "semaphores"}
LISTS_SINCE, SINGULAR_UNTIL = (3, 6), (4, 0)


def as_list(view: View, key: str, ctx: Context) -> list[Edit] | None:
    """The edits that make `key: value` a list of that one value under its new name; None when that cannot be done surely."""
    value, span = view.get(key), view.value_span(key)
    if LISTS[key] in view or value in (None, "", {}) or view.is_alias(key):
        return None
    rename = replace(view.key_span(key), LISTS[key])
    if isinstance(value, str) and view.style(key) not in ("|", ">"):
        if "\n" in ctx.source.slice(span.start, span.end):
            return None
        return rename + insert(span.start, "[") + insert(span.end, "]")
    if not isinstance(value, Map):
        return None
    if value.flow:
        return rename + insert(span.start, "[") + insert(span.end, "]")
    return rename + insert(span.start, "- ") + reindent(ctx.source, span.start, span.end, 2)


def deprecated(target: tuple[int, int]) -> bool:
    """Whether the target release has the lists and still takes the singular fields."""
    return LISTS_SINCE <= target < SINGULAR_UNTIL


def synchronizations(spec: WorkflowSpec) -> Iterator[View]:
    """Every `synchronization` of a spec: its own, that of templateDefaults, those of the templates."""
    defaults = spec.template_defaults
    for holder in [spec, *([defaults] if defaults is not None else []), *spec.all_templates]:
        if isinstance(holder.get("synchronization"), Map):
            yield holder.mapping("synchronization")


class GoneApi(NamedTuple):
    """A version of a Kubernetes API that is no longer served: since which release, what to use, and whether only the name changed."""

    removed: tuple[int, int]
    replacement: str
    same_shape: bool


def _table() -> dict[tuple[str, str], GoneApi]:
    rows: list[tuple[str, str, tuple[int, int], str, bool]] = [
        ("extensions/v1beta1", "Deployment DaemonSet ReplicaSet", (1, 16), "apps/v1", False),
        ("apps/v1beta1", "Deployment StatefulSet", (1, 16), "apps/v1", False),
        ("apps/v1beta2", "Deployment StatefulSet DaemonSet ReplicaSet", (1, 16), "apps/v1", True),
        ("extensions/v1beta1", "NetworkPolicy", (1, 16), "networking.k8s.io/v1", True),
        ("extensions/v1beta1", "PodSecurityPolicy", (1, 16), "", False),
        ("extensions/v1beta1", "Ingress", (1, 22), "networking.k8s.io/v1", False),
        ("networking.k8s.io/v1beta1", "Ingress", (1, 22), "networking.k8s.io/v1", False),
        ("networking.k8s.io/v1beta1", "IngressClass", (1, 22), "networking.k8s.io/v1", True),
        ("rbac.authorization.k8s.io/v1beta1", "Role RoleBinding ClusterRole ClusterRoleBinding", (1, 22), "rbac.authorization.k8s.io/v1", True),
        ("rbac.authorization.k8s.io/v1alpha1", "Role RoleBinding ClusterRole ClusterRoleBinding", (1, 22), "rbac.authorization.k8s.io/v1", True),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", (1, 22), "apiextensions.k8s.io/v1", False),
        ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration", (1, 22), "admissionregistration.k8s.io/v1", False),
        ("apiregistration.k8s.io/v1beta1", "APIService", (1, 22), "apiregistration.k8s.io/v1", True),
        ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", (1, 22), "certificates.k8s.io/v1", False),
        ("coordination.k8s.io/v1beta1", "Lease", (1, 22), "coordination.k8s.io/v1", True),
        ("scheduling.k8s.io/v1beta1", "PriorityClass", (1, 22), "scheduling.k8s.io/v1", True),
        ("storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", (1, 22), "storage.k8s.io/v1", True),
        ("storage.k8s.io/v1beta1", "CSIStorageCapacity", (1, 27), "storage.k8s.io/v1", True),
        ("batch/v1beta1", "CronJob", (1, 25), "batch/v1", True),
        ("discovery.k8s.io/v1beta1", "EndpointSlice", (1, 25), "discovery.k8s.io/v1", False),
        ("events.k8s.io/v1beta1", "Event", (1, 25), "events.k8s.io/v1", False),
        ("autoscaling/v2beta1", "HorizontalPodAutoscaler", (1, 25), "autoscaling/v2", False),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", (1, 26), "autoscaling/v2", True),
        ("policy/v1beta1", "PodDisruptionBudget", (1, 25), "policy/v1", True),
        ("policy/v1beta1", "PodSecurityPolicy", (1, 25), "", False),
        ("node.k8s.io/v1beta1", "RuntimeClass", (1, 25), "node.k8s.io/v1", True),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema PriorityLevelConfiguration", (1, 26), "flowcontrol.apiserver.k8s.io/v1", False),
        ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema PriorityLevelConfiguration", (1, 29), "flowcontrol.apiserver.k8s.io/v1", False),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema PriorityLevelConfiguration", (1, 32), "flowcontrol.apiserver.k8s.io/v1", False),
    ]  # fmt: skip
    return {
        (version, kind): GoneApi(removed, instead, same)
        for version, kinds, removed, instead, same in rows
        for kind in kinds.split()
    }


# (apiVersion, kind) -> what became of it (Kubernetes: deprecated API migration guide)
GONE_APIS = _table()


def release_of(text: object) -> tuple[int, int] | None:
    """`1.31` (a string, or the number that YAML made of it) as (1, 31); None when it is no release."""
    major, _, minor = str(text).lstrip("v").partition(".")
    minor = minor.split(".")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


class Described(NamedTuple):
    """An object's apiVersion and kind, wherever they are written, and the place of the apiVersion's value."""

    api_version: str
    kind: str
    span: Span


def described_objects(obj: Object, ctx: Context) -> Iterator[Described]:
    """The object itself, and the objects that its resource templates make."""
    if obj.api_version and obj.kind:
        yield Described(obj.api_version, obj.kind, obj.value_span("apiVersion"))
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            manifest = ctx.scalar(template.body, "manifest") if template.type == "resource" else None
            if manifest is None or "apiVersion" not in manifest.value:
                continue
            for document in ctx.embedded(manifest):
                root = View(document.root)
                if root.text("apiVersion") and root.text("kind"):
                    at = root.value_span("apiVersion")
                    yield Described(
                        root.text("apiVersion"), root.text("kind"), manifest.part(at.start, at.end)
                    )
