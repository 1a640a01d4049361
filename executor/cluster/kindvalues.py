"""What the values of new objects of single built-in kinds may be, beyond their types. Pods have a module of their own (`podvalues`).

Upstream: the validation packages of pkg/apis, which word the messages.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from executor.cluster.meta import SUBDOMAIN_RULE, is_subdomain, key_causes, value_causes
from executor.cluster.podvalues import not_negative, quantity
from executor.cluster.status import Cause, invalid_value, required, unsupported_value

Obj = Mapping[str, Any]
Causes = Iterator[Cause]

_ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_MOST_DATA: Final = 1024 * 1024
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_RBAC: Final = "rbac.authorization.k8s.io"
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
}


def causes_of(storage: str, obj: Obj) -> list[Cause]:
    """What is wrong with a new object of the resource that is kept under `storage`."""
    check = _CHECKS.get(storage)
    return list(check(obj)) if check is not None else []


def _claim(obj: Obj) -> Causes:
    spec = obj.get("spec") or {}
    modes = spec.get("accessModes") or ()
    if not modes:
        yield required("spec.accessModes", "at least 1 access mode is required")
    for mode in modes:
        if mode not in _ACCESS_MODES:
            yield unsupported_value("spec.accessModes", mode, _ACCESS_MODES)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        why = "Forbidden: may not use ReadWriteOncePod with other access modes"
        yield Cause("FieldValueForbidden", "spec.accessModes", why)
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if asked is None:
        yield required("spec.resources[storage]")
    elif (quantity(asked) or 0) <= 0:
        yield invalid_value("spec.resources[storage]", str(asked), "must be greater than zero")
    if spec.get("storageClassName") and not is_subdomain(str(spec["storageClassName"])):
        yield invalid_value("spec.storageClassName", spec["storageClassName"], SUBDOMAIN_RULE)
    if spec.get("volumeMode") not in (None, "Block", "Filesystem"):
        yield unsupported_value("spec.volumeMode", spec["volumeMode"], ("Block", "Filesystem"))
    for key, value in ((spec.get("selector") or {}).get("matchLabels") or {}).items():
        yield from key_causes("spec.selector.matchLabels", str(key))
        yield from value_causes("spec.selector.matchLabels", str(value))


def _config_map(obj: Obj) -> Causes:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for key in data:
        if key in binary:
            yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    size = sum(len(str(text).encode()) for text in data.values()) + sum(
        len(str(text)) * 3 // 4 for text in binary.values()
    )
    if size > _MOST_DATA:
        yield Cause("FieldValueTooLong", "[]", f"Too long: may not be more than {_MOST_DATA} bytes")


def _secret(obj: Obj) -> Causes:
    kind, data = obj.get("type") or "", obj.get("data") or {}
    if sum(len(str(text)) * 3 // 4 for text in data.values()) > _MOST_DATA:
        yield Cause("FieldValueTooLong", "data", f"Too long: may not be more than {_MOST_DATA} bytes")
    if kind == "kubernetes.io/service-account-token":
        if not (obj["metadata"].get("annotations") or {}).get(_ACCOUNT):
            yield required(f"metadata.annotations[{_ACCOUNT}]")
    elif kind == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        yield required("data[username]")
        yield required("data[password]")
    for key in _NEEDED.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif key.startswith("."):
            try:
                orjson.loads(base64.b64decode(data[key]))
            except ValueError:
                yield invalid_value(f"data[{key}]", "<secret contents redacted>", "must be valid JSON")


def _role(obj: Obj) -> Causes:
    namespaced = bool(obj["metadata"].get("namespace"))
    for index, rule in enumerate(obj.get("rules") or ()):
        where, urls = f"rules[{index}]", rule.get("nonResourceURLs") or ()
        if not rule.get("verbs"):
            yield required(f"{where}.verbs", "verbs must contain at least one value")
        if urls:
            if namespaced:
                why = "namespaced rules cannot apply to non-resource URLs"
                yield invalid_value(f"{where}.nonResourceURLs", list(urls), why)
            if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
                why = "rules cannot apply to both regular resources and non-resource URLs"
                yield invalid_value(f"{where}.nonResourceURLs", list(urls), why)
            continue
        if not rule.get("apiGroups"):
            yield required(f"{where}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield required(f"{where}.resources", "resource rules must supply at least one resource")


def _binding(obj: Obj) -> Causes:
    group = (obj.get("roleRef") or {}).get("apiGroup")
    if group not in (None, "", _RBAC):
        yield unsupported_value("roleRef.apiGroup", group, (_RBAC,))
    for index, subject in enumerate(obj.get("subjects") or ()):
        if not subject.get("name"):
            yield required(f"subjects[{index}].name")


def _lease(obj: Obj) -> Causes:
    spec = obj.get("spec") or {}
    if isinstance(spec.get("leaseDurationSeconds"), int) and spec["leaseDurationSeconds"] <= 0:
        yield invalid_value(
            "spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0"
        )
    yield from not_negative(spec, ("leaseTransitions",), "spec")


def _job(obj: Obj) -> Causes:
    numbers = (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    )
    yield from not_negative(obj.get("spec") or {}, numbers, "spec")


def _event(obj: Obj) -> Causes:
    own, about = obj["metadata"].get("namespace"), (obj.get("involvedObject") or {}).get("namespace") or ""
    if (about and about != own) or (not about and own not in ("", "default")):
        yield invalid_value("involvedObject.namespace", about, "does not match event.namespace")


_CHECKS: Final[Mapping[str, Callable[[Obj], Causes]]] = {
    "persistentvolumeclaims": _claim,
    "configmaps": _config_map,
    "secrets": _secret,
    f"roles.{_RBAC}": _role,
    f"clusterroles.{_RBAC}": _role,
    f"rolebindings.{_RBAC}": _binding,
    f"clusterrolebindings.{_RBAC}": _binding,
    "leases.coordination.k8s.io": _lease,
    "jobs.batch": _job,
    "events": _event,
}
