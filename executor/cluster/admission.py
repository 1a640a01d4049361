"""What each kind needs on its way in: defaults, checks, and the status that the server itself writes."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from executor.cluster import budgets, kindvalues, validation
from executor.cluster.crdadmission import admit_definition
from executor.cluster.crud import Call
from executor.cluster.jobs import admit_job
from executor.cluster.kinds import Resource
from executor.cluster.podadmission import admit_pod
from executor.cluster.rbac import Attributes
from executor.cluster.schemas import Schema, prune, schema_of
from executor.cluster.status import (
    Cause,
    bad_request,
    forbidden,
    immutable,
    invalid,
    invalid_value,
    required,
    unsupported_value,
)

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_DATA_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',"
    "  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def admit(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Prune, fill in and check an object about to be written. ApiStatus when it is refused."""
    resource = call.resource
    schema = schema_of(resource)
    checked = schema is not None and not resource.preserve_unknown
    unknown = prune(schema, obj, builtin=not resource.custom) if schema is not None and checked else []
    _tell_strictly(call, obj, [*call.repeated, *(f'unknown field "{path}"' for path in unknown)])
    if schema is not None and checked:
        _check_fields(call, schema, obj)
    handler = _HANDLERS.get(resource.storage)
    if handler is not None:
        handler(cluster, call, obj, old)
    if old is None and not resource.custom:
        _refuse(call, kindvalues.causes_of(resource.storage, obj))
    if schema is None:
        return
    if resource.custom:
        found = validation.causes(schema, obj, old)
    else:
        found = list(validation.enum_causes(schema, obj))
    _refuse(call, found)


def _tell_strictly(call: Call, obj: Mapping[str, Any], found: list[str]) -> None:
    """Fields that are unknown, or several times in the body, are warned of or refused (upstream: strict decoding)."""
    if found and call.field_validation == "Warn":
        call.warnings.extend(found)
    if not found or call.field_validation != "Strict":
        return
    resource, error = call.resource, f"strict decoding error: {', '.join(found)}"
    if call.patch is not None:
        shown = call.patch if isinstance(call.patch, dict) else orjson.dumps(obj).decode()
        raise invalid("", "", "", [invalid_value("patch", shown, error)])
    handled = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    raise bad_request(f"{handled}: {error}")


def _check_fields(call: Call, schema: Schema, obj: dict[str, Any]) -> None:
    """Defaults and nulls; values of wrong types are refused for built-in kinds."""
    resource = call.resource
    if resource.custom:
        validation.drop_nulls(schema, obj)
        validation.set_defaults(schema, obj)
        return
    check_types(resource, schema, obj)


def check_types(resource: Resource, schema: Schema, obj: dict[str, Any]) -> None:
    """ApiStatus 400 for a value of a wrong type in an object of a built-in kind; nulls are dropped."""
    handled = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    drop_nulls_builtin(obj)
    wrong = validation.type_error(
        schema, {key: value for key, value in obj.items() if key != "metadata"}, resource.kind
    )
    if wrong:
        raise bad_request(f"{handled}: {wrong}")


def drop_nulls_builtin(value: Any) -> None:
    """Go's decoder takes null for absent, everywhere in a built-in kind."""
    if isinstance(value, dict):
        for field in [field for field, item in value.items() if item is None]:
            del value[field]
        for item in value.values():
            drop_nulls_builtin(item)
    elif isinstance(value, list):
        value[:] = [{} if item is None else item for item in value]
        for item in value:
            drop_nulls_builtin(item)


def _namespace(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    if old is None:
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
    else:
        obj["spec"] = old.get("spec") or {}  # its finalizers are changed by way of /finalize


def _claim(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """A claim is bound at once: the kubelet gives each claim a folder of its own."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    if old is None:
        spec.setdefault("volumeName", f"pvc-{obj['metadata']['uid']}")
        requested = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
        obj["status"] = {"phase": "Bound", "accessModes": list(spec.get("accessModes") or ("ReadWriteOnce",))}
        if requested is not None:
            obj["status"]["capacity"] = {"storage": requested}


def _budget(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    _refuse(call, budgets.causes(obj.get("spec") or {}))


def _autoscaler(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if old is None:
        obj["status"] = {"currentMetrics": None, "desiredReplicas": 0}


def _endpoint_slice(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
    for endpoint in obj.get("endpoints") or ():
        endpoint.setdefault("conditions", {})
    if old is not None and obj.get("addressType") != old.get("addressType"):
        _refuse(call, [immutable("addressType", obj.get("addressType"))])


def _signing_request(
    cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None
) -> None:
    """Who asks for a certificate says the server, once."""
    if old is not None:
        obj["spec"] = old["spec"]
        return
    spec = obj.setdefault("spec", {})
    for field in ("username", "uid", "groups", "extra"):
        spec.pop(field, None)
    if call.user is not None:
        spec |= {"username": call.user.name, "groups": list(call.user.groups)}
        spec |= {"uid": call.user.uid} if call.user.uid else {}
    obj["status"] = {}


def _key_causes(field: str, key: str) -> list[Cause]:
    """A key of data becomes the name of a file."""
    if len(key) > 253:
        return [invalid_value(field, key, "must be no more than 253 characters")]
    if not _DATA_KEY.fullmatch(key):
        return [invalid_value(field, key, _DATA_KEY_RULE)]
    if key == "." or key.startswith(".."):
        return [
            invalid_value(field, key, f"must not {'be' if key in ('.', '..') else 'start with'} '{key[:2]}'")
        ]
    return []


def _secret(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    obj.setdefault("type", (old or {}).get("type") or "Opaque")
    texts = obj.pop("stringData", None)
    if isinstance(texts, dict):
        data = obj.setdefault("data", {})
        for key, text in texts.items():
            data[key] = base64.b64encode(str(text).encode()).decode()
    causes = []
    for key, value in (obj.get("data") or {}).items():
        causes += _key_causes(f"data[{key}]", key)
        try:
            base64.b64decode(value or "", validate=True)
        except (ValueError, TypeError) as error:
            handled = 'Secret in version "v1" cannot be handled as a Secret'
            raise bad_request(f"{handled}: data[{key}]: illegal base64 data: {error}") from error
    if old is not None and obj["type"] != old.get("type"):
        causes.append(immutable("type", obj["type"]))
    _refuse(call, causes)
    _keep_immutable(call, obj, old, ("data", "type"))


def _config_map(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    causes = []
    for field in ("data", "binaryData"):
        for key in obj.get(field) or {}:
            causes += _key_causes(f"{field}[{key}]", key)
    _refuse(call, causes)
    _keep_immutable(call, obj, old, ("data", "binaryData"))


def _role(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Nobody grants what he may not do himself (upstream: privilege escalation prevention)."""
    if call.user is None or (old is not None and obj.get("rules") == old.get("rules")):
        return
    _refuse_escalation(cluster, call, obj.get("rules") or (), "escalate", call.resource.plural)


def _role_binding(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    reference = obj.get("roleRef") or {}
    causes = []
    if reference.get("kind") not in ("Role", "ClusterRole"):
        causes.append(unsupported_value("roleRef.kind", reference.get("kind", ""), ("Role", "ClusterRole")))
    if not reference.get("name"):
        causes.append(required("roleRef.name"))
    if old is not None and reference != old.get("roleRef"):
        causes.append(invalid_value("roleRef", reference, "cannot change roleRef"))
    for index, subject in enumerate(obj.get("subjects") or ()):
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", "rbac.authorization.k8s.io")
        elif subject.get("kind") == "ServiceAccount":
            # In a RoleBinding one without a namespace is of the binding's own.
            if not subject.get("namespace") and not call.resource.namespaced:
                causes.append(required(f"subjects[{index}].namespace"))
        else:
            kinds = ("ServiceAccount", "User", "Group")
            causes.append(unsupported_value(f"subjects[{index}].kind", subject.get("kind", ""), kinds))
    _refuse(call, causes)
    reference.setdefault("apiGroup", "rbac.authorization.k8s.io")
    if call.user is not None and (old is None or obj.get("subjects") != old.get("subjects")):
        rules = cluster.authorizer.role_rules(reference, call.namespace)
        plural = "roles" if reference["kind"] == "Role" else "clusterroles"
        _refuse_escalation(cluster, call, rules, "bind", plural, str(reference["name"]))


def _refuse_escalation(
    cluster: Cluster, call: Call, rules: Iterable[Mapping[str, Any]], verb: str, plural: str, name: str = ""
) -> None:
    user = call.user
    assert user is not None
    exempt = Attributes(verb, call.resource.group, plural, "", call.namespace, name or call.name)
    if cluster.authorizer.allowed(user, exempt):
        return
    lacking = cluster.authorizer.missing(user, call.namespace, rules)
    if lacking:
        why = f'user "{user.name}" is attempting to grant RBAC permissions not currently held: {", ".join(lacking)}'
        raise forbidden(call.resource.plural, call.resource.group, call.name, why)


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
    "roles.rbac.authorization.k8s.io": _role,
    "clusterroles.rbac.authorization.k8s.io": _role,
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_binding,
    "configmaps": _config_map,
    "namespaces": _namespace,
    "customresourcedefinitions.apiextensions.k8s.io": admit_definition,
    "persistentvolumeclaims": _claim,
    "jobs.batch": admit_job,
    budgets.STORAGE: _budget,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "endpointslices.discovery.k8s.io": _endpoint_slice,
    "certificatesigningrequests.certificates.k8s.io": _signing_request,
}
