"""Objects that every embedded cluster has from its first start. They are made once: changes and deletions of them last."""

from __future__ import annotations

from typing import Any, Final

_RBAC: Final = "rbac.authorization.k8s.io/v1"
_READ: Final = ["get", "list", "watch"]
_WRITE: Final = ["create", "delete", "deletecollection", "patch", "update"]
_CORE: Final = [
    "configmaps",
    "endpoints",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "serviceaccounts",
    "services",
]
_GROUPS: Final = ["apps", "batch", "networking.k8s.io", "policy"]
_ARGO: Final = [
    "clusterworkflowtemplates",
    "cronworkflows",
    "eventbus",
    "eventsources",
    "sensors",
    "workflowartifactgctasks",
    "workfloweventbindings",
    "workflows",
    "workflowtaskresults",
    "workflowtasksets",
    "workflowtemplates",
]
NAMESPACES: Final = ("default", "kube-system", "argo")


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


def _view() -> list[dict[str, Any]]:
    return [
        _rule(
            [""],
            [*_CORE, "events", "limitranges", "namespaces", "pods/log", "pods/status", "resourcequotas"],
            _READ,
        ),
        _rule(_GROUPS, ["*"], _READ),
        _rule(["events.k8s.io"], ["events"], _READ),
        _rule(["argoproj.io"], [*_ARGO, *(f"{name}/finalizers" for name in _ARGO)], _READ),
    ]


def _edit() -> list[dict[str, Any]]:
    return [
        *_view(),
        _rule([""], [*_CORE, "secrets", "events"], [*_READ, *_WRITE]),
        _rule([""], ["pods/exec", "pods/attach", "pods/portforward"], ["create", "get"]),
        _rule([""], ["pods/eviction", "serviceaccounts/token"], ["create"]),
        _rule([""], ["serviceaccounts"], ["impersonate"]),
        _rule(_GROUPS, ["*"], _WRITE),
        _rule(["coordination.k8s.io"], ["leases"], [*_READ, *_WRITE]),
        _rule(["argoproj.io"], [*_ARGO, *(f"{name}/finalizers" for name in _ARGO)], _WRITE),
    ]


def _admin() -> list[dict[str, Any]]:
    return [
        *_edit(),
        _rule(["rbac.authorization.k8s.io"], ["roles", "rolebindings"], [*_READ, *_WRITE]),
        _rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
    ]


def _controller() -> list[dict[str, Any]]:
    """What the workflow controller needs."""
    everything = [*_READ, *_WRITE]
    return [
        _rule(["argoproj.io"], ["*"], everything),
        _rule(
            [""],
            ["pods", "pods/exec", "pods/log", "persistentvolumeclaims", "configmaps", "events"],
            everything,
        ),
        _rule([""], ["secrets", "serviceaccounts", "namespaces"], _READ),
        _rule(["policy"], ["poddisruptionbudgets"], everything),
        _rule(["coordination.k8s.io"], ["leases"], everything),
        _rule(["events.k8s.io"], ["events"], everything),
    ]


def _role(name: str, rules: list[dict[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    return _RBAC, "ClusterRole", {"metadata": {"name": name, "labels": labels}, "rules": rules}


def _binding(
    name: str, role: str, *subjects: dict[str, str], namespace: str = ""
) -> tuple[str, str, dict[str, Any]]:
    data: dict[str, Any] = {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    if namespace:
        data["namespace"] = namespace
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    body = {"metadata": data, "roleRef": reference, "subjects": list(subjects)}
    return _RBAC, "RoleBinding" if namespace else "ClusterRoleBinding", body


def _group(name: str) -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def _account(name: str, namespace: str) -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def objects() -> list[tuple[str, str, dict[str, Any]]]:
    """(apiVersion, kind, object) of everything that a new cluster has besides its namespaces and Argo's kinds."""
    urls = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version", "/version/"]
    health = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    return [
        _role(
            "cluster-admin",
            [_rule(["*"], ["*"], ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}],
        ),
        _role("admin", _admin()),
        _role("edit", _edit()),
        _role("view", _view()),
        _role("system:discovery", [{"nonResourceURLs": [*urls, *health], "verbs": ["get"]}]),
        _role(
            "system:basic-user",
            [
                _rule(["authorization.k8s.io"], reviews, ["create"]),
                _rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
            ],
        ),
        _role("argo-controller", _controller()),
        _role("argo-executor", [_rule(["argoproj.io"], ["workflowtaskresults"], ["create", "patch"])]),
        _binding("cluster-admin", "cluster-admin", _group("system:masters")),
        _binding("system:discovery", "system:discovery", _group("system:authenticated")),
        _binding("system:basic-user", "system:basic-user", _group("system:authenticated")),
        ("v1", "ServiceAccount", {"metadata": {"name": "argo", "namespace": "argo"}}),
        _binding("argo-controller", "argo-controller", _account("argo", "argo")),
        *(
            _binding("argo-executor", "argo-executor", _account("default", namespace), namespace=namespace)
            for namespace in ("argo", "default")
        ),
    ]
