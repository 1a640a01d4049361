"""The types that the stages hand to each other."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, NamedTuple

from argolint.kube.kinds import Resource, resource_for

Obj = dict[str, Any]

MANAGER = "argosync"
"""The field manager of every write."""

TARGET_LABEL = "argosync/target"
"""The label that every managed object carries; its value is the target's name and never changes with a commit."""

INSTANCE_LABEL = "workflows.argoproj.io/controller-instanceid"
ARGO_API_VERSION = "argoproj.io/v1alpha1"

TEMPLATE_KINDS = ("ClusterWorkflowTemplate", "WorkflowTemplate")
MANAGED_KINDS = (*TEMPLATE_KINDS, "CronWorkflow")

Severity = Literal["error", "warning", "info"]


class Key(NamedTuple):
    """Which object: `namespace` is "" for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"

    @property
    def resource(self) -> Resource:
        """How the kind is addressed in the API."""
        return resource_for(self.kind)


class Finding(NamedTuple):
    """A reason to refuse, to warn or to note; `path` is inside the repository, `line` counts from 1 (0: no line)."""

    rule: str
    severity: Severity
    message: str
    path: str = ""
    line: int = 0
    remedy: str = ""
    object: str = ""

    def as_dict(self) -> Obj:
        """The JSON form."""
        return dict(self._asdict())


class Desired(NamedTuple):
    """One object as Git wants it, with the place that it comes from."""

    key: Key
    object: Obj
    path: str
    line: int


def key_of(obj: Obj) -> Key:
    """The key of an object of the API."""
    meta = obj.get("metadata") or {}
    kind = str(obj.get("kind", ""))
    namespace = "" if kind == "ClusterWorkflowTemplate" else str(meta.get("namespace") or "")
    return Key(kind, namespace, str(meta.get("name") or ""))


def digest(value: Any) -> str:
    """A hash of a JSON value: equal for equal values whatever the order of keys. 32 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# What the server or the controller writes and Git does not say.
_SERVER_METADATA = frozenset(
    (
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "deletionTimestamp",
    )
)
_CONTROLLER_ANNOTATIONS = frozenset(
    ("cronworkflows.argoproj.io/last-used-schedule", "kubectl.kubernetes.io/last-applied-configuration")
)


def canonical(obj: Obj) -> Obj:
    """`obj` without what the server or the controller writes; two equal results need no write between them."""
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _SERVER_METADATA}
    for field in ("labels", "annotations"):
        kept = {k: v for k, v in (meta.get(field) or {}).items() if k not in _CONTROLLER_ANNOTATIONS}
        meta.pop(field, None)
        if kept:
            meta[field] = kept
    rest = {k: v for k, v in obj.items() if k not in ("metadata", "status")}
    return {**rest, "metadata": meta}
