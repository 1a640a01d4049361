"""Tables: what `kubectl get` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from executor.cluster.http import Request
from executor.cluster.jsonpath import first_text, parse
from executor.cluster.kinds import Resource
from executor.cluster.store import Entry
from executor.cluster.versions import as_version
from executor.cluster.watch import Encode, encode_plain, line

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


class Column(NamedTuple):
    """A column: its name, type, how a cell is made of an object, and 0, or 1 for wide output only."""

    name: str
    cell: Callable[[Mapping[str, Any]], Any]
    type: str = "string"
    priority: int = 0
    format: str = ""


def wants_table(request: Request) -> bool:
    """Whether the client would rather have a Table."""
    return "as=Table" in request.headers.get("accept", "")


def duration(seconds: float) -> str:
    """A span of time as kubectl prints ages: `5s`, `3m20s`, `4h`, `12d`, `2y30d`."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole > -2 else "<invalid>"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days % 365 else f"{days // 365}y"


def age_of(timestamp: str | None) -> str:
    """The age of a moment in RFC 3339; `<unknown>` without one."""
    if not timestamp:
        return "<unknown>"
    try:
        moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    except ValueError:
        return "<invalid>"
    return duration((datetime.now(UTC) - moment).total_seconds())


def _get(*path: str, default: Any = "") -> Callable[[Mapping[str, Any]], Any]:
    def cell(obj: Mapping[str, Any]) -> Any:
        node: Any = obj
        for part in path:
            node = node.get(part) if isinstance(node, Mapping) else None
        return default if node is None else node

    return cell


def _count(*fields: str) -> Callable[[Mapping[str, Any]], int]:
    return lambda obj: sum(len(obj.get(field) or ()) for field in fields)


def _age(obj: Mapping[str, Any]) -> str:
    return age_of(obj["metadata"].get("creationTimestamp"))


_NAME: Final = Column("Name", _get("metadata", "name"), format="name")
_AGE: Final = Column("Age", _age)


def pod_status(obj: Mapping[str, Any]) -> str:
    """The one word that kubectl prints of a pod's state (upstream: printPod)."""
    status = obj.get("status") or {}
    reason = str(status.get("reason") or status.get("phase") or "Pending")
    inits = status.get("initContainerStatuses") or ()
    for index, container in enumerate(inits):
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and not ended.get("exitCode"):
            continue
        if ended is not None:
            return "Init:" + (ended.get("reason") or f"ExitCode:{ended.get('exitCode')}")
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return "Init:" + str(waiting["reason"])
        if "running" in state and container.get("started") and status.get("phase") == "Running":
            continue  # a sidecar
        return f"Init:{index}/{len(inits)}"
    for container in reversed(status.get("containerStatuses") or ()):
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if waiting and waiting.get("reason"):
            reason = str(waiting["reason"])
        elif ended is not None:
            reason = str(ended.get("reason") or f"ExitCode:{ended.get('exitCode')}")
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return reason


def _pod_ready(obj: Mapping[str, Any]) -> str:
    ready = sum(bool(item.get("ready")) for item in (obj.get("status") or {}).get("containerStatuses") or ())
    return f"{ready}/{len(obj['spec'].get('containers') or ())}"


def _restarts(obj: Mapping[str, Any]) -> str:
    return str(
        sum(
            item.get("restartCount") or 0 for item in (obj.get("status") or {}).get("containerStatuses") or ()
        )
    )


def _job_status(obj: Mapping[str, Any]) -> str:
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "Failed", "Suspended"):
            return str(condition["type"])
    return "Running"


def _completions(obj: Mapping[str, Any]) -> str:
    done = (obj.get("status") or {}).get("succeeded") or 0
    return f"{done}/{(obj.get('spec') or {}).get('completions') or 1}"


def _event_object(obj: Mapping[str, Any]) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _event_age(obj: Mapping[str, Any]) -> str:
    return age_of(
        obj.get("lastTimestamp")
        or obj.get("eventTime")
        or obj.get("deprecatedLastTimestamp")
        or obj["metadata"].get("creationTimestamp")
    )


def _ready_of(obj: Mapping[str, Any]) -> str:
    return (
        f"{(obj.get('status') or {}).get('readyReplicas') or 0}/{(obj.get('spec') or {}).get('replicas', 1)}"
    )


def _role_ref(obj: Mapping[str, Any]) -> str:
    reference = obj.get("roleRef") or {}
    return f"{reference.get('kind')}/{reference.get('name')}"


def _node_status(obj: Mapping[str, Any]) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    ready = any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)
    return "Ready" if ready else "NotReady"


def _joined(*path: str) -> Callable[[Mapping[str, Any]], str]:
    get = _get(*path, default=())
    return lambda obj: ",".join(map(str, get(obj)))


_NONE: Final = "<none>"


def _ports(obj: Mapping[str, Any]) -> str:
    """The ports of a Service: `80/TCP`, or `80:30080/TCP` with a node's port."""
    shown = [
        f"{port.get('port')}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in (obj.get("spec") or {}).get("ports") or ()
    ]
    return ",".join(shown) or _NONE


def _selector(*path: str) -> Callable[[Mapping[str, Any]], str]:
    get = _get(*path, default={})
    return lambda obj: ",".join(f"{key}={value}" for key, value in sorted(get(obj).items())) or _NONE


def _last_schedule(obj: Mapping[str, Any]) -> str:
    last = (obj.get("status") or {}).get("lastScheduleTime")
    return age_of(last) if last else _NONE


def _template_containers(field: str) -> Callable[[Mapping[str, Any]], str]:
    """A field of the containers of a CronJob."""
    get = _get("spec", "jobTemplate", "spec", "template", "spec", "containers", default=())
    return lambda obj: ",".join(str(container.get(field, "")) for container in get(obj)) or _NONE


def _gates(obj: Mapping[str, Any]) -> str:
    """How many of the conditions that a pod's readiness waits for are true."""
    gates = [gate.get("conditionType") for gate in obj["spec"].get("readinessGates") or ()]
    conditions = (obj.get("status") or {}).get("conditions") or ()
    true = [item.get("type") for item in conditions if item.get("status") == "True"]
    return f"{sum(gate in true for gate in gates)}/{len(gates)}" if gates else _NONE


def _scaled(obj: Mapping[str, Any]) -> str:
    target = obj["spec"].get("scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _targets(obj: Mapping[str, Any]) -> str:
    """What a HorizontalPodAutoscaler goes by; nothing measures it here."""
    shown = []
    for metric in obj["spec"].get("metrics") or ():
        kind = str(metric.get("type") or "")
        found = metric.get(kind[:1].lower() + kind[1:]) or {}
        target = found.get("target") or {}
        goal = f"{target['averageUtilization']}%" if "averageUtilization" in target else ""
        goal = goal or str(target.get("averageValue") or target.get("value") or "<auto>")
        shown.append(f"{found['name']}: <unknown>/{goal}" if found.get("name") else f"<unknown>/{goal}")
    return _first_three(shown, ", ") or _NONE


def _first_three(items: Sequence[str], separator: str = ",") -> str:
    more = f" + {len(items) - 3} more..." if len(items) > 3 else ""
    return separator.join(items[:3]) + more


def _slice_ports(obj: Mapping[str, Any]) -> str:
    return _first_three([str(port.get("port", "*")) for port in obj.get("ports") or ()]) or "<unset>"


def _slice_addresses(obj: Mapping[str, Any]) -> str:
    found = [str(one) for end in obj.get("endpoints") or () for one in end.get("addresses") or ()]
    return _first_three(found) or "<unset>"


def _requested_duration(obj: Mapping[str, Any]) -> str:
    seconds = obj["spec"].get("expirationSeconds")
    return duration(seconds) if seconds is not None else _NONE


def _request_condition(obj: Mapping[str, Any]) -> str:
    """`Pending`, or what was decided about a certificate, and whether it is there."""
    status = obj.get("status") or {}
    found = [str(item.get("type")) for item in status.get("conditions") or ()]
    return ",".join([*(found or ["Pending"]), *(["Issued"] if status.get("certificate") else [])])


COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "pods": (
        _NAME,
        Column("Ready", _pod_ready),
        Column("Status", pod_status),
        Column("Restarts", _restarts),
        _AGE,
        Column("IP", _get("status", "podIP", default=_NONE), priority=1),
        Column("Node", _get("spec", "nodeName", default=_NONE), priority=1),
        Column("Nominated Node", _get("status", "nominatedNodeName", default=_NONE), priority=1),
        Column("Readiness Gates", _gates, priority=1),
    ),
    "namespaces": (_NAME, Column("Status", _get("status", "phase")), _AGE),
    "configmaps": (_NAME, Column("Data", _count("data", "binaryData"), "string"), _AGE),
    "secrets": (_NAME, Column("Type", _get("type")), Column("Data", _count("data"), "string"), _AGE),
    "serviceaccounts": (_NAME, Column("Secrets", _count("secrets"), "string"), _AGE),
    "events": (
        Column("Last Seen", _event_age),
        Column("Type", _get("type")),
        Column("Reason", _get("reason")),
        Column("Object", _event_object),
        Column("Message", lambda obj: str(obj.get("message") or obj.get("note") or "").strip()),
        Column("Name", _get("metadata", "name"), priority=1),
    ),
    "persistentvolumeclaims": (
        _NAME,
        Column("Status", _get("status", "phase")),
        Column("Volume", _get("spec", "volumeName")),
        Column("Capacity", _get("status", "capacity", "storage")),
        Column("Access Modes", _joined("spec", "accessModes")),
        Column("StorageClass", _get("spec", "storageClassName")),
        _AGE,
    ),
    "services": (
        _NAME,
        Column("Type", _get("spec", "type", default="ClusterIP")),
        Column("Cluster-IP", _get("spec", "clusterIP", default=_NONE)),
        Column("External-IP", lambda obj: _joined("spec", "externalIPs")(obj) or _NONE),
        Column("Port(s)", _ports),
        _AGE,
        Column("Selector", _selector("spec", "selector"), priority=1),
    ),
    "nodes": (
        _NAME,
        Column("Status", _node_status),
        Column("Roles", lambda obj: _NONE),
        _AGE,
        Column("Version", _get("status", "nodeInfo", "kubeletVersion")),
    ),
    "jobs.batch": (_NAME, Column("Status", _job_status), Column("Completions", _completions), _AGE),
    "cronjobs.batch": (
        _NAME,
        Column("Schedule", _get("spec", "schedule")),
        Column("Timezone", _get("spec", "timeZone", default=_NONE)),
        Column("Suspend", lambda obj: str(_get("spec", "suspend", default=False)(obj))),
        Column("Active", lambda obj: len((obj.get("status") or {}).get("active") or ()), "integer"),
        Column("Last Schedule", _last_schedule),
        _AGE,
        Column("Containers", _template_containers("name"), priority=1),
        Column("Images", _template_containers("image"), priority=1),
        Column("Selector", lambda obj: _NONE, priority=1),
    ),
    "deployments.apps": (_NAME, Column("Ready", _ready_of), _AGE),
    "statefulsets.apps": (_NAME, Column("Ready", _ready_of), _AGE),
    "replicasets.apps": (_NAME, Column("Ready", _ready_of), _AGE),
    "horizontalpodautoscalers.autoscaling": (
        _NAME,
        Column("Reference", _scaled),
        Column("Targets", _targets),
        Column("MinPods", lambda obj: str(_get("spec", "minReplicas", default="<unset>")(obj))),
        Column("MaxPods", _get("spec", "maxReplicas"), "integer"),
        Column("Replicas", _get("status", "currentReplicas", default=0), "integer"),
        _AGE,
    ),
    "endpointslices.discovery.k8s.io": (
        _NAME,
        Column("AddressType", _get("addressType")),
        Column("Ports", _slice_ports),
        Column("Endpoints", _slice_addresses),
        _AGE,
    ),
    "certificatesigningrequests.certificates.k8s.io": (
        _NAME,
        _AGE,
        Column("SignerName", _get("spec", "signerName")),
        Column("Requestor", _get("spec", "username")),
        Column("RequestedDuration", _requested_duration),
        Column("Condition", _request_condition),
    ),
    "leases.coordination.k8s.io": (_NAME, Column("Holder", _get("spec", "holderIdentity")), _AGE),
    "poddisruptionbudgets.policy": (
        _NAME,
        Column("Min Available", lambda obj: str(_get("spec", "minAvailable", default="N/A")(obj))),
        Column("Max Unavailable", lambda obj: str(_get("spec", "maxUnavailable", default="N/A")(obj))),
        Column("Allowed Disruptions", _get("status", "disruptionsAllowed", default=0), "integer"),
        _AGE,
    ),
    "roles.rbac.authorization.k8s.io": (_NAME, Column("Created At", _get("metadata", "creationTimestamp"))),
    "clusterroles.rbac.authorization.k8s.io": (
        _NAME,
        Column("Created At", _get("metadata", "creationTimestamp")),
    ),
    "rolebindings.rbac.authorization.k8s.io": (_NAME, Column("Role", _role_ref), _AGE),
    "clusterrolebindings.rbac.authorization.k8s.io": (_NAME, Column("Role", _role_ref), _AGE),
    "customresourcedefinitions.apiextensions.k8s.io": (
        _NAME,
        Column("Created At", _get("metadata", "creationTimestamp")),
    ),
}


def columns_of(resource: Resource) -> tuple[Column, ...]:
    """The columns of a resource: built-in ones, those of its CRD, or name and age."""
    if resource.columns:
        return (_NAME, *(_custom(**_plain(column)) for column in resource.columns))
    return COLUMNS.get(resource.storage, (_NAME, _AGE))


def _plain(column: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(column.get("name")),
        "type": str(column.get("type") or "string"),
        "path": str(column.get("jsonPath")),
        "priority": int(column.get("priority") or 0),
    }


@lru_cache(maxsize=1024)
def _custom(name: str, type: str, path: str, priority: int) -> Column:
    parsed = parse(path)

    def cell(obj: Mapping[str, Any]) -> Any:
        found = first_text(parsed, obj)
        if found is None:
            return None
        if type == "date":
            return age_of(str(found))
        return found if type in ("integer", "number", "boolean") or isinstance(found, str) else str(found)

    # A date is sent as the age that it makes, which is text.
    return Column(name, cell, "string" if type == "date" else type, priority)


def _definitions(columns: Iterable[Column]) -> list[dict[str, Any]]:
    return [
        {
            "name": item.name,
            "type": item.type,
            "format": item.format,
            "description": "",
            "priority": item.priority,
        }
        for item in columns
    ]


def _row(
    resource: Resource, columns: Iterable[Column], obj: Mapping[str, Any], include: str
) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": [column.cell(obj) for column in columns]}
    if include == "Object":
        row["object"] = obj
    elif include != "None":
        row["object"] = {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": obj["metadata"],
        }
    return row


def _table(
    definitions: list[dict[str, Any]], rows: list[dict[str, Any]], data: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(data),
        "columnDefinitions": definitions,
        "rows": rows,
    }


def table_body(
    cluster: Cluster, resource: Resource, entries: Sequence[Entry], data: Mapping[str, Any], request: Request
) -> bytes:
    """A Table of the objects, with as much of each as the client asks for (`includeObject`)."""
    include = request.query.get("includeObject") or "Metadata"
    columns = columns_of(resource)
    rows = [_row(resource, columns, as_version(resource, entry.obj), include) for entry in entries]
    return orjson.dumps(_table(_definitions(columns), rows, data))


def table_encoder(cluster: Cluster, resource: Resource, request: Request) -> tuple[Encode, str]:
    """The encoding of watch events as Tables of one row. Only the first has column definitions, as upstream."""
    include = request.query.get("includeObject") or "Metadata"
    columns = columns_of(resource)
    first = [_definitions(columns)]

    def encode(type: str, entry: Entry) -> bytes:
        if type == "BOOKMARK":
            return encode_plain(type, entry)
        definitions = first.pop() if first else []
        obj = entry.obj
        data = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        table = _table(definitions, [_row(resource, columns, obj, include)], data)
        return line(type, orjson.dumps(table))

    return encode, ""
