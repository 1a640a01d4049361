"""CustomResourceDefinitions on their way in: names, versions, structural schemas, and the status that accepts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import cel

from executor.cluster import meta
from executor.cluster.crud import Call
from executor.cluster.jsonpath import parse
from executor.cluster.kinds import BUILTIN
from executor.cluster.status import Cause, immutable, invalid, invalid_value, required, unsupported_value

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_BUILTIN_GROUPS: Final = frozenset(resource.group for resource in BUILTIN)


def admit_definition(
    cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None
) -> None:
    """Defaults, checks and status of a CustomResourceDefinition. ApiStatus 422 with everything that is wrong."""
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    causes = list(_causes(obj, spec, names))
    if old is not None:
        for field in ("group", "scope"):
            if spec.get(field) != old["spec"].get(field):
                causes.append(immutable(f"spec.{field}", spec.get(field)))
    if causes:
        raise invalid("CustomResourceDefinition", "apiextensions.k8s.io", call.name, causes)
    names.setdefault("singular", str(names["kind"]).lower())
    names.setdefault("listKind", str(names["kind"]) + "List")
    spec.setdefault("conversion", {"strategy": "None"})
    obj["status"] = _status(spec, (old or {}).get("status") or {})


def _causes(obj: Mapping[str, Any], spec: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[Cause]:
    for holder, prefix, fields in (
        (spec, "spec", ("group", "scope")),
        (names, "spec.names", ("plural", "kind")),
    ):
        for field in fields:
            if not holder.get(field):
                yield required(f"{prefix}.{field}")
    if spec.get("scope") not in (None, "", "Cluster", "Namespaced"):
        yield unsupported_value("spec.scope", spec["scope"], ("Cluster", "Namespaced"))
    expected = f"{names.get('plural')}.{spec.get('group')}"
    name = obj["metadata"].get("name", "")
    if names.get("plural") and spec.get("group") and name != expected:
        yield invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    if spec.get("group") in _BUILTIN_GROUPS:
        yield invalid_value("spec.group", spec.get("group"), "this group is served by the API server itself")
    if (spec.get("conversion") or {}).get("strategy") not in (None, "None"):
        yield invalid_value(
            "spec.conversion.strategy",
            spec["conversion"]["strategy"],
            "conversion webhooks are not served here",
        )
    versions = spec.get("versions") or []
    if not versions:
        yield required("spec.versions", "must have at least one version")
    elif sum(bool(version.get("storage")) for version in versions) != 1:
        listed = [version.get("name") for version in versions]
        yield invalid_value(
            "spec.versions", listed, "must have exactly one version marked as storage version"
        )
    for index, version in enumerate(versions):
        yield from _version_causes(version, f"spec.versions[{index}]")


def _version_causes(version: Mapping[str, Any], path: str) -> Iterator[Cause]:
    if not version.get("name"):
        yield required(f"{path}.name")
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    where = f"{path}.schema.openAPIV3Schema"
    if not isinstance(schema, Mapping):
        yield required(where, "schemas are required")
    else:
        if schema.get("type") != "object":
            yield invalid_value(f"{where}.type", schema.get("type", ""), "must be object at the root")
        yield from _schema_causes(schema, where)
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        field = f"{path}.additionalPrinterColumns[{index}]"
        if not column.get("name"):
            yield required(f"{field}.name")
        try:
            parse(str(column.get("jsonPath") or ""))
        except ValueError as error:
            yield invalid_value(f"{field}.jsonPath", column.get("jsonPath"), str(error))


def _schema_causes(schema: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """Upstream's rules of structural schemas: a type everywhere, items of lists, keys of map lists, rules that compile."""
    kind = schema.get("type")
    open_ended = schema.get("x-kubernetes-int-or-string") or schema.get(
        "x-kubernetes-preserve-unknown-fields"
    )
    if kind is None and not open_ended:
        yield required(f"{path}.type", "must not be empty for specified object fields")
    elif kind is not None and kind not in _TYPES:
        yield unsupported_value(f"{path}.type", kind, _TYPES)
    if kind == "array" and not isinstance(schema.get("items"), Mapping):
        yield required(f"{path}.items", "must be specified")
    if schema.get("x-kubernetes-list-type") == "map" and not schema.get("x-kubernetes-list-map-keys"):
        yield required(
            f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"
        )
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        try:
            cel.compile(str(rule.get("rule") or ""))
        except ValueError as error:
            yield invalid_value(
                f"{path}.x-kubernetes-validations[{index}].rule",
                rule.get("rule"),
                f"compilation failed: {error}",
            )
    for name, below in (schema.get("properties") or {}).items():
        if isinstance(below, Mapping):
            yield from _schema_causes(below, f"{path}.properties[{name}]")
    for field in ("items", "additionalProperties"):
        if isinstance(schema.get(field), Mapping):
            yield from _schema_causes(schema[field], f"{path}.{field}")


def _status(spec: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    stored = list(before.get("storedVersions") or ())
    stored += [
        found["name"] for found in spec["versions"] if found.get("storage") and found["name"] not in stored
    ]
    since = meta.timestamp()
    for condition in before.get("conditions") or ():
        if condition["type"] == "Established":
            since = condition["lastTransitionTime"]
    rows = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": since, "reason": reason, "message": message}
        for kind, reason, message in rows
    ]
    return {"conditions": conditions, "acceptedNames": dict(spec["names"]), "storedVersions": stored}
