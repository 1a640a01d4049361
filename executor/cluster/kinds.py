"""Which resources the server has: the built-in table, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one group and version."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    list_kind: str = ""
    columns: tuple[Mapping[str, Any], ...] = ()
    selectable: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    """The CRD's openAPIV3Schema; None for built-in kinds, whose schemas are in `schemas/kube-data.json`."""
    custom: bool = False
    storage: str = ""
    """Key of the objects in the store: `plural.group`; equal for all versions of a resource."""
    preserve_unknown: bool = False

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def prefix(self) -> str:
        """The path that lists the API of this group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def has_status(self) -> bool:
        """Whether status is written only by way of its own subresource."""
        return "status" in self.subresources


def _builtin(
    api_version: str,
    kind: str,
    plural: str,
    short: str = "",
    *,
    cluster: bool = False,
    sub: str = "",
    all_: bool = False,
    verbs: tuple[str, ...] = ALL_VERBS,
    storage: str = "",
) -> Resource:
    group, _, version = api_version.rpartition("/")
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        namespaced=not cluster,
        short_names=tuple(short.split()),
        categories=("all",) if all_ else (),
        subresources=tuple(sub.split()),
        verbs=verbs,
        list_kind=kind + "List",
        storage=storage or (f"{plural}.{group}" if group else plural),
    )


_CREATE: Final = ("create",)

BUILTIN: Final[tuple[Resource, ...]] = (
    _builtin("v1", "Namespace", "namespaces", "ns", cluster=True, sub="finalize status"),
    _builtin("v1", "ConfigMap", "configmaps", "cm"),
    _builtin("v1", "Secret", "secrets"),
    _builtin("v1", "ServiceAccount", "serviceaccounts", "sa", sub="token"),
    _builtin(
        "v1",
        "Pod",
        "pods",
        "po",
        sub="attach binding ephemeralcontainers eviction exec log portforward proxy status",
        all_=True,
    ),
    _builtin("v1", "Event", "events", "ev"),
    _builtin("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", sub="status"),
    _builtin("v1", "PersistentVolume", "persistentvolumes", "pv", cluster=True, sub="status"),
    _builtin("v1", "Service", "services", "svc", sub="status", all_=True),
    _builtin("v1", "Endpoints", "endpoints", "ep"),
    _builtin("v1", "Node", "nodes", "no", cluster=True, sub="status"),
    _builtin("v1", "ResourceQuota", "resourcequotas", "quota", sub="status"),
    _builtin("v1", "LimitRange", "limitranges", "limits"),
    _builtin("v1", "PodTemplate", "podtemplates"),
    _builtin("v1", "ReplicationController", "replicationcontrollers", "rc", sub="scale status", all_=True),
    _builtin("apps/v1", "Deployment", "deployments", "deploy", sub="scale status", all_=True),
    _builtin("apps/v1", "StatefulSet", "statefulsets", "sts", sub="scale status", all_=True),
    _builtin("apps/v1", "DaemonSet", "daemonsets", "ds", sub="status", all_=True),
    _builtin("apps/v1", "ReplicaSet", "replicasets", "rs", sub="scale status", all_=True),
    _builtin("batch/v1", "Job", "jobs", sub="status", all_=True),
    _builtin("batch/v1", "CronJob", "cronjobs", "cj", sub="status", all_=True),
    _builtin("networking.k8s.io/v1", "Ingress", "ingresses", "ing", sub="status"),
    _builtin("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _builtin("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", sub="status"),
    _builtin("coordination.k8s.io/v1", "Lease", "leases"),
    _builtin(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "hpa",
        sub="status",
        all_=True,
    ),
    _builtin("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    _builtin(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        "csr",
        cluster=True,
        sub="status",
    ),
    _builtin("events.k8s.io/v1", "Event", "events", "ev", storage="events"),
    _builtin("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "pc", cluster=True),
    _builtin("storage.k8s.io/v1", "StorageClass", "storageclasses", "sc", cluster=True),
    _builtin("rbac.authorization.k8s.io/v1", "Role", "roles"),
    _builtin("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    _builtin("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", cluster=True),
    _builtin("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", cluster=True),
    _builtin(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "crd crds",
        cluster=True,
        sub="status",
    ),
    _builtin(
        "authorization.k8s.io/v1",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        cluster=True,
        verbs=_CREATE,
    ),
    _builtin(
        "authorization.k8s.io/v1",
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        cluster=True,
        verbs=_CREATE,
    ),
    _builtin(
        "authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", cluster=True, verbs=_CREATE
    ),
    _builtin(
        "authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=_CREATE
    ),
    _builtin(
        "authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", cluster=True, verbs=_CREATE
    ),
    _builtin(
        "metrics.k8s.io/v1beta1",
        "NodeMetrics",
        "nodes",
        cluster=True,
        verbs=("get", "list"),
        storage="nodes.metrics",
    ),
    _builtin("metrics.k8s.io/v1beta1", "PodMetrics", "pods", verbs=("get", "list"), storage="pods.metrics"),
    _builtin("authentication.k8s.io/v1", "TokenReview", "tokenreviews", cluster=True, verbs=_CREATE),
)

WITHOUT_GENERATION: Final = frozenset(
    {
        "namespaces",
        "configmaps",
        "secrets",
        "serviceaccounts",
        "events",
        "persistentvolumeclaims",
        "persistentvolumes",
        "services",
        "endpoints",
        "nodes",
        "resourcequotas",
        "limitranges",
        "leases.coordination.k8s.io",
        "roles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
        "clusterroles.rbac.authorization.k8s.io",
        "clusterrolebindings.rbac.authorization.k8s.io",
        "storageclasses.storage.k8s.io",
        "horizontalpodautoscalers.autoscaling",
        "certificatesigningrequests.certificates.k8s.io",
    }
)
"""Built-in resources whose objects carry no `metadata.generation`."""

UNSERVED_CONTROLLERS: Final = frozenset(
    {
        "deployments.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "replicasets.apps",
        "replicationcontrollers",
        "cronjobs.batch",
        "ingresses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "horizontalpodautoscalers.autoscaling",
        "certificatesigningrequests.certificates.k8s.io",
        "services",
    }
)
"""Kinds that are kept and shown, but that no controller of the embedded cluster acts upon: a write of one is answered
with a warning that says so."""


@dataclass(slots=True)
class Registry:
    """The resources by group, version and plural. `custom` are replaced as CRDs come and go."""

    by_path: dict[tuple[str, str, str], Resource] = field(default_factory=dict)
    revision: int = 0
    """Grows with each change; caches of discovery and OpenAPI documents are keyed by it."""

    @classmethod
    def builtin(cls) -> Registry:
        """A registry of the built-in kinds."""
        registry = cls()
        for resource in BUILTIN:
            registry.by_path[(resource.group, resource.version, resource.plural)] = resource
        return registry

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at a path."""
        return self.by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that objects of this apiVersion and kind belong to."""
        for resource in self.by_path.values():
            if resource.kind == kind and resource.api_version == api_version:
                return resource
        return None

    def stored(self) -> list[Resource]:
        """One resource for each kind of stored object."""
        seen: dict[str, Resource] = {}
        for resource in self.by_path.values():
            if "list" in resource.verbs:
                seen.setdefault(resource.storage, resource)
        return list(seen.values())

    def of_storage(self, storage: str) -> Resource | None:
        """The first resource that keeps its objects under this key."""
        return next((found for found in self.by_path.values() if found.storage == storage), None)

    def group_versions(self) -> dict[str, list[str]]:
        """Versions of each group, preferred first; groups in the order of the table."""
        groups: dict[str, list[str]] = {}
        for group, version, _ in self.by_path:
            versions = groups.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        return groups

    def set_custom(self, definitions: Iterable[Mapping[str, Any]]) -> None:
        """Replace all custom resources by those of these (accepted) CustomResourceDefinitions."""
        self.by_path = {path: found for path, found in self.by_path.items() if not found.custom}
        for definition in definitions:
            for resource in resources_of(definition):
                path = (resource.group, resource.version, resource.plural)
                self.by_path.setdefault(path, resource)
        self.revision += 1


def resources_of(definition: Mapping[str, Any]) -> list[Resource]:
    """The served resources that a CustomResourceDefinition defines, storage version first."""
    spec = definition["spec"]
    names = spec["names"]
    found = []
    versions = sorted(spec.get("versions") or (), key=lambda version: not version.get("storage"))
    for version in versions:
        if not version.get("served", True):
            continue
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        found.append(
            Resource(
                group=spec["group"],
                version=version["name"],
                kind=names["kind"],
                plural=names["plural"],
                singular=names.get("singular") or names["kind"].lower(),
                namespaced=spec.get("scope") != "Cluster",
                short_names=tuple(names.get("shortNames") or ()),
                categories=tuple(names.get("categories") or ()),
                subresources=tuple(sorted(version.get("subresources") or ())),
                list_kind=names.get("listKind") or names["kind"] + "List",
                columns=tuple(version.get("additionalPrinterColumns") or ()),
                selectable=tuple(
                    str(item.get("jsonPath", "")).lstrip(".")
                    for item in version.get("selectableFields") or ()
                ),
                schema=schema,
                custom=True,
                storage=f"{names['plural']}.{spec['group']}",
                preserve_unknown=bool(spec.get("preserveUnknownFields")),
            )
        )
    return found
