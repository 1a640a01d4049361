"""What the values of a new pod's fields may be, beyond their types: numbers in their ranges, names, one of several alternatives.

Only new pods are looked at: one that is there goes on as it is. Upstream: pkg/apis/core/validation/validation.go, which words the messages.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from executor.cluster.meta import LABEL_RULE, SUBDOMAIN_RULE, is_label, is_subdomain, key_causes, value_causes
from executor.cluster.status import Cause, invalid_value, required, unsupported_value

Obj = Mapping[str, Any]
Causes = Iterator[Cause]

_MOST: Final = 2**31 - 1
_QUANTITY: Final = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i)?)"
)
_FACTORS: Final = {
    **{suffix: Decimal(10) ** power for suffix, power in zip("nu", (-9, -6), strict=True)},
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** (power + 1) for power, suffix in enumerate("kMGTPE")},
    **{f"{suffix}i": Decimal(1024) ** (power + 1) for power, suffix in enumerate("KMGTPE")},
}
QUANTITY_RULE: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_VOLUMES: Final = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs",
    "persistentVolumeClaim", "rbd", "cinder", "cephfs", "flocker", "downwardAPI", "fc", "azureFile", "configMap",
    "vsphereVolume", "quobyte", "azureDisk", "storageos", "photonPersistentDisk", "portworxVolume", "scaleIO", "projected",
    "csi", "ephemeral", "image",
)  # fmt: skip
_STANDARD: Final = ("cpu", "memory", "ephemeral-storage")
_FIELDS: Final = re.compile(
    r"metadata\.(name|namespace|uid|labels\['[^']+'\]|annotations\['[^']+'\])|spec\.(nodeName|serviceAccountName)"
    r"|status\.(hostIP|hostIPs|podIP|podIPs)"
)
_FILE_FIELDS: Final = re.compile(
    r"metadata\.(name|namespace|uid|labels|annotations|labels\['[^']+'\]|annotations\['[^']+'\])"
)
_RESOURCES: Final = tuple(
    f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
)
_PORT_NAME: Final = re.compile(r"[-a-z0-9]+")
_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_CONFIG_KEY_RULE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',"
    "  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def quantity(text: Any) -> Decimal | None:
    """A quantity as a number; None when it is none."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        return None
    number = Decimal(match[1])
    return number * Decimal(f"1{match[2]}") if match[2] else number * _FACTORS.get(match[3] or "", Decimal(1))


def quantities(spec: Obj) -> Iterator[str]:
    """The texts of a pod's amounts."""
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            for kind in ("limits", "requests"):
                yield from map(str, ((container.get("resources") or {}).get(kind) or {}).values())


def pod_causes(spec: Obj, path: str) -> Causes:
    """What is wrong with the values of a new pod's spec, which has its defaults."""
    yield from _between(spec, "activeDeadlineSeconds", path, 1, _MOST)
    yield from _one_of(
        spec, "dnsPolicy", path, ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
    )
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        yield required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
    for field in ("hostname", "subdomain"):
        if spec.get(field) and not is_label(str(spec[field])):
            yield invalid_value(f"{path}.{field}", spec[field], LABEL_RULE)
    for key, value in (spec.get("nodeSelector") or {}).items():
        yield from key_causes(f"{path}.nodeSelector", str(key))
        yield from value_causes(f"{path}.nodeSelector", str(value))
    if spec.get("ephemeralContainers"):
        yield Cause(
            "FieldValueForbidden", f"{path}.ephemeralContainers", "Forbidden: cannot be set on create"
        )
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid_value(f"{path}.securityContext.shareProcessNamespace", True, why)
    yield from _identity(spec.get("securityContext") or {}, f"{path}.securityContext")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        yield from key_causes(
            f"{path}.readinessGates[{index}].conditionType", str(gate.get("conditionType") or "")
        )
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        if not _is_address(str(alias.get("ip") or "")):
            why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            yield invalid_value(f"{path}.hostAliases[{index}].ip", alias.get("ip", ""), why)
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _toleration(toleration, f"{path}.tolerations[{index}]")
    for index, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        where = f"{path}.topologySpreadConstraints[{index}]"
        if (spread.get("maxSkew") or 0) <= 0:
            yield invalid_value(f"{where}.maxSkew", spread.get("maxSkew") or 0, "must be greater than zero")
        yield from _one_of(
            spread, "whenUnsatisfiable", where, ("DoNotSchedule", "ScheduleAnyway"), needed=True
        )
    yield from _affinity(spec.get("affinity") or {}, f"{path}.affinity")
    for index, volume in enumerate(spec.get("volumes") or ()):
        yield from _volume(volume, f"{path}.volumes[{index}]")
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            where = f"{path}.{field}[{index}]"
            yield from _container(container, where)
            if field == "initContainers" and container.get("restartPolicy") != "Always":
                for part in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                    if container.get(part) is not None:
                        why = "Forbidden: may not be set for init containers without restartPolicy=Always"
                        yield Cause("FieldValueForbidden", f"{where}.{part}", why)


def _between(obj: Obj, field: str, path: str, least: int, most: int) -> Causes:
    value = obj.get(field)
    if isinstance(value, int) and not least <= value <= most:
        yield invalid_value(f"{path}.{field}", value, f"must be between {least} and {most}, inclusive")


def _one_of(obj: Obj, field: str, path: str, allowed: Sequence[str], *, needed: bool = False) -> Causes:
    value = obj.get(field)
    if (value or needed) and value not in allowed:
        yield unsupported_value(f"{path}.{field}", value or "", allowed)


def not_negative(obj: Obj, fields: Sequence[str], path: str) -> Causes:
    """What is wrong with numbers below `path` that must not be less than 0."""
    for field in fields:
        if isinstance(obj.get(field), int) and obj[field] < 0:
            yield invalid_value(f"{path}.{field}", obj[field], "must be greater than or equal to 0")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _identity(context: Obj, path: str) -> Causes:
    for field in ("runAsUser", "runAsGroup", "fsGroup"):
        yield from _between(context, field, path, 0, _MOST)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from _between({"": group}, "", f"{path}.supplementalGroups[{index}]", 0, _MOST)


def _toleration(toleration: Obj, path: str) -> Causes:
    key, operator, value = (toleration.get(field) or "" for field in ("key", "operator", "value"))
    if key:
        yield from key_causes(f"{path}.key", str(key))
    elif operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid_value(f"{path}.operator", operator, why)
    if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid_value(f"{path}.effect", toleration.get("effect") or "", why)
    if operator in ("", "Equal"):
        yield from value_causes(f"{path}.operator", str(value))
    elif operator == "Exists":
        if value:
            yield invalid_value(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    else:
        yield unsupported_value(f"{path}.operator", operator, ("Equal", "Exists"))
    yield from _one_of(toleration, "effect", path, ("NoSchedule", "PreferNoSchedule", "NoExecute"))


def _affinity(affinity: Obj, path: str) -> Causes:
    field = "requiredDuringSchedulingIgnoredDuringExecution"
    node = (affinity.get("nodeAffinity") or {}).get(field)
    if node is not None and not node.get("nodeSelectorTerms"):
        why = "must have at least one node selector term"
        yield required(f"{path}.nodeAffinity.{field}.nodeSelectorTerms", why)
    for kind in ("podAffinity", "podAntiAffinity"):
        for index, term in enumerate((affinity.get(kind) or {}).get(field) or ()):
            if not term.get("topologyKey"):
                yield required(f"{path}.{kind}.{field}[{index}].topologyKey", "can not be empty")


def _volume(volume: Obj, path: str) -> Causes:
    kinds = [kind for kind in _VOLUMES if volume.get(kind) is not None]
    for kind in kinds[1:]:
        why = "Forbidden: may not specify more than 1 volume type"
        yield Cause("FieldValueForbidden", f"{path}.{kind}", why)
    for kind, field in (
        ("secret", "secretName"),
        ("configMap", "name"),
        ("persistentVolumeClaim", "claimName"),
        ("hostPath", "path"),
    ):
        if kind in kinds[:1] and not volume[kind].get(field):
            yield required(f"{path}.{kind}.{field}")
    for kind in ("secret", "configMap", "projected", "downwardAPI"):
        mode = (volume.get(kind) or {}).get("defaultMode")
        if isinstance(mode, int) and not 0 <= mode <= 0o777:
            why = "must be a number between 0 and 0777 (octal), both inclusive"
            yield invalid_value(f"{path}.{kind}.defaultMode", mode, why)
    limit = (volume.get("emptyDir") or {}).get("sizeLimit")
    if limit is not None and (quantity(limit) or 0) < 0:
        why = "Forbidden: SizeLimit field must be a valid resource quantity"
        yield Cause("FieldValueForbidden", f"{path}.emptyDir.sizeLimit", why)
    for item in (volume.get("downwardAPI") or {}).get("items") or ():
        if item.get("fieldRef") is not None:
            yield from _field_path(item["fieldRef"], f"{path}.downwardAPI.fieldRef", _FILE_FIELDS)


def _field_path(reference: Obj, path: str, known: re.Pattern[str]) -> Causes:
    field = str(reference.get("fieldPath") or "")
    if not field:
        yield required(f"{path}.fieldPath")
    elif not known.fullmatch(field):
        why = f"error converting fieldPath: field label not supported: {field}"
        yield invalid_value(f"{path}.fieldPath", field, why)


# ---- containers


def _container(container: Obj, path: str) -> Causes:
    image = str(container.get("image") or "")
    if image != image.strip():
        yield invalid_value(f"{path}.image", image, "must not have leading or trailing whitespace")
    yield from _one_of(container, "terminationMessagePolicy", path, ("File", "FallbackToLogsOnError"))
    yield from _ports(container.get("ports") or (), f"{path}.ports")
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(variable, f"{path}.env[{index}]")
    for index, source in enumerate(container.get("envFrom") or ()):
        yield from _source(source, f"{path}.envFrom", index)
    yield from _mounts(container.get("volumeMounts") or (), f"{path}.volumeMounts")
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(field) is not None:
            yield from _probe(container[field], f"{path}.{field}", field)
    for field, handler in (container.get("lifecycle") or {}).items():
        if isinstance(handler, Mapping):
            yield from _handler(
                handler, f"{path}.lifecycle.{field}", ("exec", "httpGet", "tcpSocket", "sleep")
            )
    yield from _one_of(container, "imagePullPolicy", path, ("Always", "IfNotPresent", "Never"))
    yield from _amounts(container.get("resources") or {}, f"{path}.resources")
    context = container.get("securityContext") or {}
    yield from _identity(context, f"{path}.securityContext")
    yield from _one_of(context, "procMount", f"{path}.securityContext", ("Default", "Unmasked"))
    if context.get("privileged") is True and context.get("allowPrivilegeEscalation") is False:
        why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid_value(f"{path}.securityContext", dict(context), why)


def _ports(ports: Sequence[Obj], path: str) -> Causes:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        where, name = f"{path}[{index}]", str(port.get("name") or "")
        if name and (len(name) > 15 or not _PORT_NAME.fullmatch(name)):
            why = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
            yield invalid_value(
                f"{where}.name", name, why if len(name) <= 15 else "must be no more than 15 characters"
            )
        if name and not re.search("[a-z]", name):
            yield invalid_value(f"{where}.name", name, "must contain at least one letter (a-z)")
        if name and name in seen:
            yield Cause("FieldValueDuplicate", f"{where}.name", f'Duplicate value: "{name}"')
        seen.add(name)
        if not port.get("containerPort"):
            yield required(f"{where}.containerPort")
        else:
            yield from _between(port, "containerPort", where, 1, 65535)
        if port.get("hostPort"):
            yield from _between(port, "hostPort", where, 1, 65535)
        yield from _one_of(port, "protocol", where, ("SCTP", "TCP", "UDP"))


def _variable(variable: Obj, path: str) -> Causes:
    name, source = str(variable.get("name") or ""), variable.get("valueFrom")
    if not name:
        yield required(f"{path}.name")
    elif "=" in name or not (name.isascii() and name.isprintable()):
        why = (
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )
        yield invalid_value(f"{path}.name", name, why)
    if source is None:
        return
    kinds = [
        kind
        for kind in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
        if source.get(kind)
    ]
    if not kinds:
        kinds = [kind for kind, found in source.items() if found is not None]
    if not kinds:
        why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        yield invalid_value(f"{path}.valueFrom", "", why)
    elif variable.get("value"):
        yield invalid_value(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")
    elif len(kinds) > 1:
        yield invalid_value(f"{path}.valueFrom", "", "may not have more than one field specified at a time")
    where = f"{path}.valueFrom"
    if source.get("fieldRef") is not None:
        yield from _field_path(source["fieldRef"], f"{where}.fieldRef", _FIELDS)
    resource = (source.get("resourceFieldRef") or {}).get("resource")
    if resource and resource not in _RESOURCES and ".hugepages-" not in resource:
        yield unsupported_value(f"{where}.resourceFieldRef.resource", resource, _RESOURCES)
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if source.get(kind) is not None:
            yield from _key_reference(source[kind], f"{where}.{kind}")


def _key_reference(reference: Obj, path: str) -> Causes:
    name, key = str(reference.get("name") or ""), str(reference.get("key") or "")
    if not is_subdomain(name):
        yield invalid_value(f"{path}.name", name, SUBDOMAIN_RULE)
    if not key:
        yield required(f"{path}.key")
    elif not _CONFIG_KEY.fullmatch(key):
        yield invalid_value(f"{path}.key", key, _CONFIG_KEY_RULE)


def _source(source: Obj, path: str, index: int) -> Causes:
    kinds = [kind for kind in ("configMapRef", "secretRef") if source.get(kind) is not None]
    if not kinds:
        yield invalid_value(path, "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(kinds) > 1:
        yield invalid_value(path, "", "may not have more than one field specified at a time")
    for kind in kinds:
        if not source[kind].get("name"):
            yield required(f"{path}[{index}].{kind}.name")


def _mounts(mounts: Sequence[Obj], path: str) -> Causes:
    places: set[str] = set()
    for index, mount in enumerate(mounts):
        place = str(mount.get("mountPath") or "")
        if place and place in places:
            yield invalid_value(f"{path}[{index}].mountPath", place, "must be unique")
        places.add(place)
        if mount.get("subPath") and mount.get("subPathExpr"):
            why = "subPathExpr and subPath are mutually exclusive"
            yield invalid_value(f"{path}[{index}].subPathExpr", mount["subPathExpr"], why)
        yield from _one_of(mount, "mountPropagation", path, ("Bidirectional", "HostToContainer", "None"))


def _probe(probe: Obj, path: str, field: str) -> Causes:
    yield from _handler(probe, path, ("exec", "httpGet", "tcpSocket", "grpc"))
    numbers = (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    )
    yield from not_negative(probe, numbers, path)
    if field != "readinessProbe" and probe.get("successThreshold") not in (None, 0, 1):
        yield invalid_value(f"{path}.successThreshold", probe["successThreshold"], "must be 1")


def _handler(handler: Obj, path: str, kinds: Sequence[str]) -> Causes:
    found = [kind for kind in kinds if handler.get(kind) is not None]
    if not found:
        yield required(path, "must specify a handler type")
    for kind in found[1:]:
        why = "Forbidden: may not specify more than 1 handler type"
        yield Cause("FieldValueForbidden", f"{path}.{kind}", why)
    if found[:1] == ["exec"] and not handler["exec"].get("command"):
        yield required(f"{path}.exec.command")
    if found[:1] in (["httpGet"], ["tcpSocket"]):
        port, where = handler[found[0]].get("port"), f"{path}.{found[0]}.port"
        if isinstance(port, str):
            if not _PORT_NAME.fullmatch(port):
                why = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
                yield invalid_value(where, port, why)
        else:
            yield from _between({"port": port or 0}, "port", f"{path}.{found[0]}", 1, 65535)


def _amounts(resources: Obj, path: str) -> Causes:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, text in amounts.items():
            where = f"{path}.{kind}[{name}]"
            yield from key_causes(where, name)
            amount = quantity(text)
            standard = name in _STANDARD or name.startswith("hugepages-")
            if "/" not in name and not standard:
                yield invalid_value(where, name, "must be a standard resource type or fully qualified")
                yield invalid_value(where, name, "must be a standard resource for containers")
            if amount is None:
                continue
            if amount < 0:
                yield invalid_value(where, str(text), "must be greater than or equal to 0")
            elif "/" in name and amount != int(amount):
                yield invalid_value(where, str(text), "must be an integer")
    for name, text in requests.items():
        asked, most = quantity(text), quantity(limits[name]) if name in limits else None
        if most is not None and asked is not None and asked > most:
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid_value(f"{path}.requests", str(text), why)
        elif name not in limits and "/" in name:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
