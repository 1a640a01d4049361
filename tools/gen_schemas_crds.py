"""CustomResourceDefinitions for an API server that has no other source of them.

`minimal` keeps `spec` and `status` opaque, as upstream's minimal installation does; `full` carries the
structural schemas with descriptions stripped and equal subtrees shared, which takes 11 MB to 60 KB.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

GROUP = "argoproj.io"
VERSION = "v1alpha1"

# Argo Events publishes its CRDs in a repository of its own; names from its documentation.
EVENTS_KINDS = (
    ("EventBus", "eventbus", "eventbus", "eb"),
    ("EventSource", "eventsources", "eventsource", "es"),
    ("Sensor", "sensors", "sensor", "sn"),
)

WORKFLOW_COLUMNS = [
    {"name": "Status", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Age", "type": "date", "format": "date-time", "jsonPath": ".status.startedAt"},
    {"name": "Message", "type": "string", "jsonPath": ".status.message"},
]

# What a CEL rule means, by a piece of it that no other rule has.
RULE_MESSAGES = (
    ("t.activeDeadlineSeconds", "a steps or dag template cannot have activeDeadlineSeconds"),
    ("t.timeout", "a steps or dag template cannot have a timeout"),
    ("has(t.container)", "a template has one body: container, script, steps, dag, resource, and so on"),
    ("self.manifestFrom", "manifest and manifestFrom exclude each other"),
    ("self.continueOn", "depends and continueOn exclude each other"),
    ("has(self.s3)", "an artifact has at most one location (s3, gcs, http, and so on)"),
    ("self.name.matches", "the name of a task that has depends or dependencies cannot begin with a digit"),
    ("has(self.dependencies)", "depends and dependencies exclude each other"),
    ("self.realtime", "a realtime gauge cannot use resourcesDuration, which is known only at the end"),
    ("self.count", "count and end exclude each other"),
)

# A subtree smaller than this is cheaper written twice than referenced.
_SHARE_FROM = 60


def minimal(crd_folder: Path) -> Json:
    """A `List` of every CRD, in the order upstream's files sort, the Events kinds last."""
    items = [_minimal_crd(crd) for crd in _upstream(crd_folder)]
    items += [_events_crd(*names) for names in EVENTS_KINDS]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def full(crd_folder: Path) -> Json:
    """`{"schemas": {plural: schema}, "definitions": {id: schema}}`; `{"$ref": id}` stands for a shared subtree."""
    schemas = {crd["spec"]["names"]["plural"]: _stripped(_schema_of(crd)) for crd in _upstream(crd_folder)}
    return _share(schemas)


def _upstream(folder: Path) -> list[Json]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [yaml.load(path.read_bytes(), loader) for path in sorted(folder.glob("*.yaml"))]


def _schema_of(crd: Json) -> Json:
    schema: Json = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _minimal_crd(crd: Json) -> Json:
    version = crd["spec"]["versions"][0]
    schema = _schema_of(crd)
    return _crd(
        names=crd["spec"]["names"],
        scope=crd["spec"]["scope"],
        schema=_opaque_schema(set(schema["properties"]), list(schema.get("required", []))),
        subresources=version.get("subresources"),
        columns=WORKFLOW_COLUMNS if crd["spec"]["names"]["kind"] == "Workflow" else None,
    )


def _events_crd(kind: str, plural: str, singular: str, short: str) -> Json:
    return _crd(
        names={
            "kind": kind,
            "listKind": f"{kind}List",
            "plural": plural,
            "shortNames": [short],
            "singular": singular,
        },
        scope="Namespaced",
        schema=_opaque_schema({"spec", "status"}, ["metadata", "spec"]),
        subresources={"status": {}},
        columns=None,
    )


def _crd(
    names: Json, scope: str, schema: Json, subresources: Json | None, columns: list[Json] | None
) -> Json:
    version: Json = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if columns:
        version["additionalPrinterColumns"] = columns
    if subresources is not None:
        version["subresources"] = subresources
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": scope,
            "conversion": {"strategy": "None"},
            "versions": [version],
        },
    }


def _opaque_schema(fields: set[str], required: list[str]) -> Json:
    """`spec` and `status` take anything; so does the root of a kind that keeps its data there."""
    properties: Json = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    opaque = {
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    for field in ("spec", "status"):
        if field in fields:
            properties[field] = opaque
    schema: Json = {"type": "object", "properties": properties, "required": required}
    if fields - set(properties):
        schema["x-kubernetes-preserve-unknown-fields"] = True
    return schema


def _rule_message(rule: str) -> str:
    """Our own words for a CEL rule; Kubernetes' default where a new upstream rule has none yet."""
    for needle, message in RULE_MESSAGES:
        if needle in rule:
            return message
    return f"failed rule: {rule}"


def _stripped(schema: Json) -> Json:
    """A copy without descriptions, with our own messages for CEL rules."""
    out: Json = {}
    for key, value in schema.items():
        if key == "description":
            continue
        if key == "properties":
            out[key] = {name: _stripped(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = _stripped(value)
        elif key == "x-kubernetes-validations":
            out[key] = [{"rule": rule["rule"], "message": _rule_message(rule["rule"])} for rule in value]
        else:
            out[key] = value
    return out


def _share(schemas: Json) -> Json:
    """Replace subtrees that occur more than once by references; ids count in order of first use."""
    seen: dict[str, int] = {}
    bodies: dict[str, str] = {}

    def digest(node: Json) -> str:
        text = json.dumps(node, sort_keys=True, separators=(",", ":"))
        name = hashlib.sha256(text.encode()).hexdigest()
        bodies[name] = text
        return name

    def count(node: Json) -> None:
        name = digest(node)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 1:
            for child in _children(node):
                count(child)

    for schema in schemas.values():
        count(schema)

    ids: dict[str, str] = {}
    definitions: Json = {}

    def rewrite(node: Json) -> Json:
        name = digest(node)
        if seen[name] > 1 and len(bodies[name]) >= _SHARE_FROM:
            if name not in ids:
                ids[name] = str(len(ids))
                definitions[ids[name]] = {}
                definitions[ids[name]] = _map_children(node, rewrite)
            return {"$ref": ids[name]}
        return _map_children(node, rewrite)

    return {
        "schemas": {plural: rewrite(schema) for plural, schema in schemas.items()},
        "definitions": definitions,
    }


def _children(node: Json) -> list[Json]:
    children = list(node.get("properties", {}).values())
    children += [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    return children


def _map_children(node: Json, change: Any) -> Json:
    out = dict(node)
    if "properties" in node:
        out["properties"] = {name: change(child) for name, child in node["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            out[key] = change(node[key])
    return out
