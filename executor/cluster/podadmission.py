"""Pods on their way in: defaults, checks, and which fields may change later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from executor.cluster.crud import Call
from executor.cluster.meta import SUBDOMAIN_RULE, is_subdomain, label_causes
from executor.cluster.podvalues import QUANTITY_RULE, pod_causes, quantities, quantity
from executor.cluster.status import (
    Cause,
    bad_request,
    forbidden,
    invalid,
    invalid_value,
    required,
    unsupported_value,
)

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_MUTABLE: Final = frozenset(
    {
        "activeDeadlineSeconds",
        "terminationGracePeriodSeconds",
        "tolerations",
        "containers",
        "initContainers",
        "ephemeralContainers",
    }
)
_POLICIES: Final = ("Always", "Never", "OnFailure")


def containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, container) of every container of a pod, init containers first."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            if isinstance(container, dict):
                yield f"spec.{field}[{index}]", container


def admit_pod(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Defaults and checks of a Pod. ApiStatus 422 or 403."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        raise invalid("Pod", "", call.name, [required("spec.containers")])
    if call.subresource == "status":
        return
    if old is None:
        default_spec(spec)
        if any(quantity(text) is None for text in quantities(spec)):
            raise bad_request(f'Pod in version "v1" cannot be handled as a Pod: {QUANTITY_RULE}')
        account = spec.get("serviceAccountName")
        if account and not is_subdomain(str(account)):
            raise invalid(
                "Pod", "", call.name, [invalid_value("spec.serviceAccountName", account, SUBDOMAIN_RULE)]
            )
        _service_account(cluster, call, spec)
        _priority(cluster, call, spec)
        _tolerate_lost_nodes(spec)
    causes = spec_causes(spec, "spec")
    if old is None:
        causes += pod_causes(spec, "spec")
    if causes:
        raise invalid("Pod", "", call.name, causes)
    if old is None:
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
    else:
        default_spec(spec)
        _refuse_changes(call, spec, old["spec"])


def default_spec(spec: dict[str, Any]) -> None:
    """Fill in what upstream's defaults fill in (upstream: pkg/apis/core/v1/defaults.go)."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for _, container in containers(spec):
        assert isinstance(container, dict)
        image = str(container.get("image") or "")
        latest = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
        container.setdefault("imagePullPolicy", "Always" if latest and "@" not in image else "IfNotPresent")
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("resources", {})
        _default_requests(container["resources"])
        for port in container.get("ports") or ():
            if isinstance(port, dict):
                port.setdefault("protocol", "TCP")
    for volume in spec.get("volumes") or ():
        if isinstance(volume, dict):
            _default_volume(volume)


_PATIENCE: Final = 300
"""Seconds that a pod stays on a node that has gone (upstream: the admission plugin DefaultTolerationSeconds)."""


def _priority(cluster: Cluster, call: Call, spec: dict[str, Any]) -> None:
    """The number behind `priorityClassName` (upstream: the admission plugin Priority). ApiStatus 403 for an unknown class."""
    name = spec.get("priorityClassName") or ""
    found = cluster.store.get("priorityclasses.scheduling.k8s.io", "", name) if name else None
    if found is None and name and not name.startswith("system-"):
        raise forbidden("pods", "", call.name, f"no PriorityClass with name {name} was found")
    chosen: Mapping[str, Any] = found.obj if found is not None else {}
    system = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
    spec["priority"] = chosen.get("value", system.get(name, 0))
    spec.setdefault("preemptionPolicy", chosen.get("preemptionPolicy") or "PreemptLowerPriority")


def _tolerate_lost_nodes(spec: dict[str, Any]) -> None:
    own = spec.get("tolerations") or []
    if not isinstance(own, list) or not all(isinstance(item, dict) for item in own):
        return  # validation says so
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        covered = any(
            item.get("key") in (None, "", key) and item.get("effect") in (None, "", "NoExecute")
            for item in own
        )
        if not covered:
            own = [
                *own,
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _PATIENCE},
            ]
    spec["tolerations"] = own


def _default_requests(resources: Any) -> None:
    if isinstance(resources, dict) and isinstance(resources.get("limits"), dict):
        requests = resources.setdefault("requests", {})
        for name, amount in resources["limits"].items():
            requests.setdefault(name, amount)


def _default_volume(volume: dict[str, Any]) -> None:
    for kind in ("secret", "configMap", "projected", "downwardAPI"):
        if isinstance(volume.get(kind), dict):
            volume[kind].setdefault("defaultMode", 420)
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    if len(volume) == 1:
        volume["emptyDir"] = {}


def _service_account(cluster: Cluster, call: Call, spec: dict[str, Any]) -> None:
    account = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    if cluster.store.get("serviceaccounts", call.namespace, account) is not None:
        return
    if account == "default":
        # Its controller makes it right after the namespace; a pod need not wait for that.
        cluster.ensure("v1", "ServiceAccount", {"metadata": {"name": "default", "namespace": call.namespace}})
        return
    raise forbidden(
        "pods",
        "",
        call.name,
        f'error looking up service account {call.namespace}/{account}: serviceaccount "{account}" not found',
    )


def spec_causes(spec: Mapping[str, Any], path: str) -> list[Cause]:
    """What is wrong with a pod's spec."""
    causes: list[Cause] = []
    if not spec.get("containers"):
        causes.append(required(f"{path}.containers"))
    if spec.get("restartPolicy") not in _POLICIES:
        causes.append(unsupported_value(f"{path}.restartPolicy", spec.get("restartPolicy"), _POLICIES))
    volumes: set[str] = set()
    for index, volume in enumerate(spec.get("volumes") or ()):
        name, field = str(volume.get("name") or ""), f"{path}.volumes[{index}].name"
        if not name:
            causes.append(required(field))
        elif name in volumes:
            causes.append(Cause("FieldValueDuplicate", field, f'Duplicate value: "{name}"'))
        else:
            causes += label_causes(field, name)
        volumes.add(name)
    seen: set[str] = set()
    ordered = sorted(containers(spec), key=lambda pair: not pair[0].startswith("spec.containers"))
    for where, container in ordered:
        where = path + where.removeprefix("spec")
        name = str(container.get("name") or "")
        if not name:
            causes.append(required(f"{where}.name"))
        elif name in seen:
            causes.append(Cause("FieldValueDuplicate", f"{where}.name", f'Duplicate value: "{name}"'))
        else:
            causes += label_causes(f"{where}.name", name)
        seen.add(name)
        if not container.get("image"):
            causes.append(required(f"{where}.image"))
        for index, mount in enumerate(container.get("volumeMounts") or ()):
            field = f"{where}.volumeMounts[{index}]"
            if not mount.get("name"):
                causes.append(required(f"{field}.name"))
            if mount.get("name") not in volumes:
                causes.append(
                    Cause("FieldValueNotFound", f"{field}.name", f'Not found: "{mount.get("name", "")}"')
                )
            if not mount.get("mountPath"):
                causes.append(required(f"{field}.mountPath"))
            field = f"{where}.volumeMounts"  # upstream names these without an index
            for key in ("subPath", "subPathExpr"):
                below = str(mount.get(key) or "")
                if below.startswith("/"):
                    causes.append(invalid_value(f"{field}.{key}", below, "must be a relative path"))
                elif ".." in below.split("/"):
                    causes.append(invalid_value(f"{field}.{key}", below, "must not contain '..'"))
    return causes


def qos_class(spec: Mapping[str, Any]) -> str:
    """`Guaranteed`, `Burstable` or `BestEffort` (Kubernetes docs: Pod quality of service)."""
    some, guaranteed = False, True
    for _, container in containers(spec):
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        some = some or bool(requests or limits)
        guaranteed = guaranteed and all(
            name in limits and requests.get(name) == limits[name] for name in ("cpu", "memory")
        )
    if not some:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _refuse_changes(call: Call, spec: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    ignored = set(_MUTABLE)
    if not before.get("nodeName"):
        ignored.add("nodeName")
    changed = any(spec.get(key) != before.get(key) for key in {*spec, *before} - ignored)
    for field in ("containers", "initContainers"):
        new, old = _without_images(spec.get(field)), _without_images(before.get(field))
        changed = changed or new != old
    if changed:
        why = (
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing"
            " tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
        )
        raise invalid("Pod", "", call.name, [Cause("FieldValueForbidden", "spec", why)])


def _without_images(listed: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in item.items() if key != "image"} for item in listed or ()]
