"""Discovery: which groups, versions and resources there are, in the aggregated form and the old one."""

from __future__ import annotations

from typing import Any

from executor.cluster.kinds import Registry, Resource

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_SUBRESOURCE_KINDS = {
    "log": ("Pod", "", "v1"),
    "exec": ("PodExecOptions", "", "v1"),
    "attach": ("PodAttachOptions", "", "v1"),
    "portforward": ("PodPortForwardOptions", "", "v1"),
    "proxy": ("PodProxyOptions", "", "v1"),
    "binding": ("Binding", "", "v1"),
    "eviction": ("Eviction", "policy", "v1"),
    "token": ("TokenRequest", "authentication.k8s.io", "v1"),
    "scale": ("Scale", "autoscaling", "v1"),
}
_SUBRESOURCE_VERBS = {
    "log": ["get"],
    "exec": ["create", "get"],
    "attach": ["create", "get"],
    "portforward": ["create", "get"],
    "proxy": ["create", "delete", "get", "patch", "update"],
    "binding": ["create"],
    "eviction": ["create"],
    "token": ["create"],
    "finalize": ["update"],
}


def _subresource(resource: Resource, name: str) -> tuple[tuple[str, str, str], list[str]]:
    kind = _SUBRESOURCE_KINDS.get(name, (resource.kind, resource.group, resource.version))
    return kind, _SUBRESOURCE_VERBS.get(name, ["get", "patch", "update"])


def _verbs(resource: Resource) -> list[str]:
    """The verbs in the order in which upstream lists them: another one for custom resources."""
    first = ("delete", "deletecollection", "get", "list", "patch") if resource.custom else ()
    return [verb for verb in first if verb in resource.verbs] + [v for v in resource.verbs if v not in first]


def _of_version(registry: Registry, group: str, version: str) -> list[Resource]:
    found = [item for path, item in registry.by_path.items() if path[:2] == (group, version)]
    return sorted(found, key=lambda resource: resource.plural)


def aggregated(registry: Registry, core: bool) -> dict[str, Any]:
    """`APIGroupDiscoveryList` of /api (`core`) or /apis."""
    items = []
    for group, versions in registry.group_versions().items():
        if (group == "") != core:
            continue
        items.append(
            {
                "metadata": {"name": group, "creationTimestamp": None}
                if group
                else {"creationTimestamp": None},
                "versions": [
                    {
                        "version": version,
                        "freshness": "Current",
                        "resources": [
                            _aggregated_resource(item) for item in _of_version(registry, group, version)
                        ],
                    }
                    for version in versions
                ],
            }
        )
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_resource(resource: Resource) -> dict[str, Any]:
    described: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        described["shortNames"] = list(resource.short_names)
    if resource.categories:
        described["categories"] = list(resource.categories)
    subresources = []
    for name in resource.subresources:
        (kind, group, version), verbs = _subresource(resource, name)
        subresources.append(
            {
                "subresource": name,
                "responseKind": {"group": group, "version": version, "kind": kind},
                "verbs": verbs,
            }
        )
    if subresources:
        described["subresources"] = subresources
    return described


def api_versions(address: str) -> dict[str, Any]:
    """`APIVersions` of /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group(registry: Registry, name: str) -> dict[str, Any] | None:
    """`APIGroup` of /apis/GROUP; None when there is no such group."""
    versions = registry.group_versions().get(name)
    if not name or not versions:
        return None
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": listed,
        "preferredVersion": listed[0],
    }


def groups(registry: Registry) -> dict[str, Any]:
    """`APIGroupList` of /apis."""
    found = [group(registry, name) for name in registry.group_versions() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def resources(registry: Registry, group_name: str, version: str) -> dict[str, Any] | None:
    """`APIResourceList` of one group and version; None when there is none."""
    listed: list[dict[str, Any]] = []
    for resource in _of_version(registry, group_name, version):
        entry: dict[str, Any] = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": _verbs(resource),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        listed.append(entry)
        for name in resource.subresources:
            (kind, sub_group, sub_version), verbs = _subresource(resource, name)
            sub: dict[str, Any] = {
                "name": f"{resource.plural}/{name}",
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": kind,
                "verbs": verbs,
            }
            if (sub_group, sub_version) != (resource.group, resource.version):
                sub |= {"group": sub_group, "version": sub_version}
            listed.append(sub)
    if not listed:
        return None
    api_version = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": listed}
