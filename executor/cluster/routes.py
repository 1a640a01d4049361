"""From a URL to what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from executor.cluster.kinds import Registry, Resource
from executor.cluster.rbac import Attributes
from executor.cluster.selectors import field_terms
from executor.cluster.status import no_such_path, not_found

PATCH_TYPES: Mapping[str, str] = {
    "application/merge-patch+json": "merge",
    "application/json-patch+json": "json",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
    "application/apply-patch+json": "apply",
}


STREAMS: Final = ("exec", "attach", "portforward")
"""Subresources of pods that are connections, not objects."""


class Target(NamedTuple):
    """A resource, and maybe one object of it, and maybe a subresource of that."""

    resource: Resource
    namespace: str | None
    name: str
    subresource: str
    watch: bool = False


def target_of(registry: Registry, path: str) -> Target:
    """The target of a path under /api/v1 or /apis/GROUP/VERSION. ApiStatus 404 when there is no such resource."""
    parts = [part for part in path.split("/") if part]
    if "." in parts or ".." in parts:
        raise no_such_path()
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_path()
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) >= 3 and not (group == "" and rest[2] in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        raise no_such_path()
    resource = registry.find(group, version, rest[0])
    if resource is None or (namespace is not None and not resource.namespaced):
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        raise not_found(resource.plural, resource.group, name) if resource.custom else no_such_path()
    if name and resource.namespaced and namespace is None:
        raise no_such_path()
    if not resource.namespaced:
        namespace = ""
    return Target(resource, namespace, name, subresource, watch)


def wanted_of(target: Target, verb: str, query: Mapping[str, str]) -> Attributes:
    """What a request wants, as authorization sees it (upstream: endpoints/request/requestinfo.go)."""
    resource, namespace, name = target.resource, target.namespace or "", target.name
    if resource.storage == "namespaces":
        namespace = name  # a namespace is in itself: who has rights in it may have them on it
    if not name and verb in ("list", "watch", "deletecollection"):
        terms = field_terms(query.get("fieldSelector") or "")
        name = next((value for path, op, value in terms if path == "metadata.name" and op == "="), "")
    return Attributes(verb, resource.group, resource.plural, target.subresource, namespace, name)


def verb_of(method: str, target: Target, watching: bool) -> str:
    """The verb that authorization decides about."""
    if target.subresource in STREAMS and target.resource.storage == "pods" and method in ("GET", "POST"):
        return "create"  # whatever the method: to enter a pod is more than to read it (upstream: since 1.35)
    return _verb(method, target.name, watching)


def _verb(method: str, name: str, watching: bool) -> str:
    if method in ("GET", "HEAD"):
        if watching:
            return "watch"
        return "get" if name else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(method, "")


def wanted_of_unknown(path: str, method: str) -> Attributes:
    """What a request wants whose path, under /api/v1 or /apis/GROUP/VERSION, leads to no resource of this server."""
    parts = [part for part in path.split("/") if part]
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    watching = rest[:1] == ["watch"] and len(rest) > 1
    rest = rest[1:] if watching else rest
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource, name, subresource = (*rest[:3], "", "", "")[:3]
    return Attributes(_verb(method, name, watching), group, resource, subresource, namespace, name)
