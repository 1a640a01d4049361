"""What each kind needs on its way in: defaults, checks, and the status that the server itself writes."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from argolint._data import data_dir
from executor.cluster import meta
from executor.cluster.crud import Call
from executor.cluster.podadmission import admit_pod
from executor.cluster.status import Cause, bad_request, immutable, invalid, invalid_value

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_DATA_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',"
    "  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def builtin_definitions() -> list[dict[str, Any]]:
    """CustomResourceDefinitions of Argo's kinds, which every embedded cluster has."""
    items = orjson.loads((data_dir("schemas") / "crds.json").read_bytes())["items"]
    return [{"metadata": {"name": item["metadata"]["name"]}, "spec": item["spec"]} for item in items]


def admit(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Fill in and check an object about to be written. ApiStatus when it is refused."""
    handler = _HANDLERS.get(call.resource.storage)
    if handler is not None:
        handler(cluster, call, obj, old)


def _namespace(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    if old is None:
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
    else:
        obj["spec"] = old.get("spec") or {}  # its finalizers are changed by way of /finalize


def _definition(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    if isinstance(names, dict) and names.get("kind"):
        names.setdefault("singular", str(names["kind"]).lower())
        names.setdefault("listKind", str(names["kind"]) + "List")
    spec.setdefault("conversion", {"strategy": "None"})
    accepted = dict(names)
    before = (old or {}).get("status") or {}
    stored = list(before.get("storedVersions") or ())
    for version in spec.get("versions") or ():
        if version.get("storage") and version["name"] not in stored:
            stored.append(version["name"])
    since = meta.timestamp()
    for condition in before.get("conditions") or ():
        if condition["type"] == "Established":
            since = condition["lastTransitionTime"]
    obj["status"] = {
        "conditions": [
            {
                "type": "NamesAccepted",
                "status": "True",
                "lastTransitionTime": since,
                "reason": "NoConflicts",
                "message": "no conflicts found",
            },
            {
                "type": "Established",
                "status": "True",
                "lastTransitionTime": since,
                "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted",
            },
        ],
        "acceptedNames": accepted,
        "storedVersions": stored,
    }


def _secret(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    obj.setdefault("type", (old or {}).get("type") or "Opaque")
    texts = obj.pop("stringData", None)
    if isinstance(texts, dict):
        data = obj.setdefault("data", {})
        for key, text in texts.items():
            data[key] = base64.b64encode(str(text).encode()).decode()
    causes = []
    for key, value in (obj.get("data") or {}).items():
        if not _DATA_KEY.fullmatch(key):
            causes.append(invalid_value(f"data[{key}]", key, _DATA_KEY_RULE))
        try:
            base64.b64decode(value or "", validate=True)
        except (ValueError, TypeError) as error:
            raise bad_request(f"data[{key}]: illegal base64 data: {error}") from error
    if old is not None and obj["type"] != old.get("type"):
        causes.append(immutable("type", obj["type"]))
    _refuse(call, causes)
    _keep_immutable(call, obj, old, ("data", "type"))


def _config_map(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    causes = []
    for field in ("data", "binaryData"):
        for key in obj.get(field) or {}:
            if not _DATA_KEY.fullmatch(key):
                causes.append(invalid_value(f"{field}[{key}]", key, _DATA_KEY_RULE))
    _refuse(call, causes)
    _keep_immutable(call, obj, old, ("data", "binaryData"))


def _keep_immutable(
    call: Call, obj: Mapping[str, Any], old: Mapping[str, Any] | None, fields: tuple[str, ...]
) -> None:
    if old is None or not old.get("immutable"):
        return
    causes = [
        Cause("FieldValueForbidden", field, "Forbidden: field is immutable when `immutable` is set")
        for field in fields
        if obj.get(field) != old.get(field)
    ]
    if not obj.get("immutable"):
        causes.append(
            Cause("FieldValueForbidden", "immutable", "Forbidden: field is immutable when `immutable` is set")
        )
    _refuse(call, causes)


def _refuse(call: Call, causes: list[Cause]) -> None:
    if causes:
        raise invalid(call.resource.kind, call.resource.group, call.name, causes)


_HANDLERS = {
    "pods": admit_pod,
    "secrets": _secret,
    "configmaps": _config_map,
    "namespaces": _namespace,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
