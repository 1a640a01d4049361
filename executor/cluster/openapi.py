"""OpenAPI v3: the index, and one document a group and version, with what kubectl reads of them.

kubectl finds a kind's schema by way of `paths[…].get.x-kubernetes-group-version-kind`, and looks at the parameters of
`patch` to see whether the server checks fields; so the documents have paths, and their parameters, but no prose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from executor.cluster.kinds import Registry, Resource
from executor.cluster.schemas import OBJECT_META, REF, definition, definition_name

PARAMETERS: Final = ("dryRun", "fieldManager", "fieldValidation", "force")
_LIST_PARAMETERS: Final = ("continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch")


def _parameters(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names
    ]


def path_of(group: str, version: str) -> str:
    """The key of a group and version in the index, without a leading slash."""
    return f"apis/{group}/{version}" if group else f"api/{version}"


class Documents:
    """OpenAPI documents of a registry, made when asked for and kept until it changes."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._revision = -1
        self._documents: dict[str, bytes] = {}

    def document(self, group: str, version: str) -> bytes | None:
        """The document of one group and version as JSON; None when there is none."""
        if self._revision != self.registry.revision:
            self._documents.clear()
            self._revision = self.registry.revision
        key = path_of(group, version)
        if key not in self._documents:
            resources = [item for path, item in self.registry.by_path.items() if path[:2] == (group, version)]
            if not resources:
                return None
            self._documents[key] = orjson.dumps(build(resources))
        return self._documents[key]

    def index(self) -> dict[str, Any]:
        """The index: path of each document, with a hash of its content."""
        paths = {}
        for group, versions in self.registry.group_versions().items():
            for version in versions:
                content = self.document(group, version) or b""
                key = path_of(group, version)
                digest = hashlib.sha256(content).hexdigest().upper()[:32]
                paths[key] = {"serverRelativeURL": f"/openapi/v3/{key}?hash={digest}"}
        return {"paths": paths}


def schema_name(resource: Resource) -> str:
    """Name of the component that describes a resource's objects."""
    if not resource.custom:
        return definition_name(resource.group, resource.version, resource.kind)
    reverse = ".".join(reversed(resource.group.split(".")))
    return f"{reverse}.{resource.version}.{resource.kind}"


def build(resources: list[Resource]) -> dict[str, Any]:
    """The document of some resources of one group and version."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for resource in sorted(resources, key=lambda item: item.plural):
        name = schema_name(resource)
        if not name:
            continue
        _add(schemas, name, _root_schema(resource, name))
        _add(schemas, name + "List", _list_schema(resource, name))
        for path, operations in _paths(resource, name).items():
            paths[path] = operations
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.34.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _add(schemas: dict[str, Any], name: str, schema: Mapping[str, Any]) -> None:
    """Add a schema and everything that it refers to."""
    if name in schemas:
        return
    schemas[name] = schema
    for reference in _references(schema):
        _add(schemas, reference, definition(reference))


def _references(schema: Any) -> set[str]:
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        found = (
            {reference.removeprefix(REF)}
            if isinstance(reference, str) and reference.startswith(REF)
            else set()
        )
        return found.union(*(_references(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(_references(value) for value in schema))
    return set()


def _gvk(resource: Resource, suffix: str = "") -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind + suffix}


def _root_schema(resource: Resource, name: str) -> dict[str, Any]:
    if not resource.custom:
        return {**definition(name), "x-kubernetes-group-version-kind": [_gvk(resource)]}
    schema = dict(resource.schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    schema["properties"] = {
        **(schema.get("properties") or {}),
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"allOf": [{"$ref": REF + OBJECT_META}]},
    }
    schema["x-kubernetes-group-version-kind"] = [_gvk(resource)]
    return schema


def _list_schema(resource: Resource, name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "items": {"type": "array", "items": {"$ref": REF + name}},
        },
        "x-kubernetes-group-version-kind": [_gvk(resource, "List")],
    }


def _operation(
    resource: Resource, action: str, name: str, parameters: tuple[str, ...], *, body: str = ""
) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": REF + name}}}
    operation: dict[str, Any] = {
        "operationId": f"{action}{resource.version.capitalize()}{resource.kind}",
        "parameters": _parameters(parameters),
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _gvk(resource),
    }
    if body:
        operation["requestBody"] = {"content": {body: {"schema": {"$ref": REF + name}}}}
    return operation


def _paths(resource: Resource, name: str) -> dict[str, Any]:
    base = resource.prefix + ("/namespaces/{namespace}" if resource.namespaced else "")
    collection = f"{base}/{resource.plural}"
    verbs = resource.verbs
    many: dict[str, Any] = {}
    if "list" in verbs:
        many["get"] = _operation(resource, "list", name + "List", _LIST_PARAMETERS)
    many["post"] = _operation(resource, "post", name, PARAMETERS[:3], body="application/json")
    paths = {collection: many}
    if "get" in verbs:
        patch = _operation(resource, "patch", name, PARAMETERS, body="application/apply-patch+yaml")
        paths[collection + "/{name}"] = {
            "get": _operation(resource, "get", name, ()),
            "put": _operation(resource, "put", name, PARAMETERS[:3], body="application/json"),
            "patch": patch,
            "delete": _operation(
                resource, "delete", name, ("dryRun", "gracePeriodSeconds", "propagationPolicy")
            ),
        }
    return paths
