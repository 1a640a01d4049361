"""Strategic merge: an object over its defaults, lists of named things by name.

Upstream: workflow/util/merge.go, and Kubernetes' patch merge keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORKFLOW_KEYS: Mapping[str, str] = {
    "templates": "name",
    "parameters": "name",
    "artifacts": "name",
    "volumes": "name",
    "tolerations": "key",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "tasks": "name",
    "initContainers": "name",
    "sidecars": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
}
POD_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
}
_VALUE_FIELDS = ("value", "valueFrom", "default", "globalName", "enum", "description")


def merge(under: Any, over: Any, keys: Mapping[str, str] = WORKFLOW_KEYS, field: str = "") -> Any:
    """`over` laid on `under`. Maps merge, lists under a field of `keys` merge by that key, the rest is replaced.

    In maps of `over`, null deletes and `$patch: delete|replace` does what Kubernetes says.
    """
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        directive = over.get("$patch")
        if directive == "replace":
            return {name: value for name, value in over.items() if name != "$patch"}
        result = dict(under)
        for name, value in over.items():
            if name == "$patch":
                continue
            if value is None:
                result.pop(name, None)
            elif name in result:
                result[name] = merge(result[name], value, keys, name)
            else:
                result[name] = _without_directives(value)
        return result
    if isinstance(under, list) and isinstance(over, list) and field in keys:
        return _merge_lists(under, over, keys[field], keys)
    return over


def _without_directives(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {n: _without_directives(v) for n, v in value.items() if n != "$patch" and v is not None}
    if isinstance(value, list):
        return [
            _without_directives(v)
            for v in value
            if not (isinstance(v, Mapping) and v.get("$patch") in ("delete", "replace"))
        ]
    return value


def _merge_lists(under: list[Any], over: list[Any], key: str, keys: Mapping[str, str]) -> list[Any]:
    if any(isinstance(item, Mapping) and item.get("$patch") == "replace" for item in over):
        return [_without_directives(v) for v in over if not (isinstance(v, Mapping) and "$patch" in v)]
    result = list(under)
    places = {item.get(key): at for at, item in enumerate(result) if isinstance(item, Mapping)}
    dropped: set[int] = set()
    for item in over:
        name = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(item, Mapping) and item.get("$patch") == "delete":
            if name in places:
                dropped.add(places[name])
        elif isinstance(item, Mapping) and name is not None and name in places:
            result[places[name]] = merge(result[places[name]], item, keys)
        else:
            if isinstance(item, Mapping):
                places[name] = len(result)
            result.append(_without_directives(item))
    return _in_order([item for at, item in enumerate(result) if at not in dropped], under, over, key)


def _in_order(merged: list[Any], under: list[Any], over: list[Any], key: str) -> list[Any]:
    """What `over` names comes in its order; the rest goes in before what follows it in `under` (upstream: mergeSortedSlice)."""
    places = {item.get(key): at for at, item in enumerate(under) if isinstance(item, Mapping)}
    wanted = {item.get(key): at for at, item in enumerate(over) if isinstance(item, Mapping)}
    named = [item for item in merged if isinstance(item, Mapping) and item.get(key) in wanted]
    named.sort(key=lambda item: wanted[item.get(key)])
    if len(named) == len(merged):
        return named
    rest = [item for item in merged if not (isinstance(item, Mapping) and item.get(key) in wanted)]
    found: list[Any] = []
    for item in rest:
        here = places.get(item.get(key)) if isinstance(item, Mapping) else None
        while named and not (here is not None and here < places.get(named[0].get(key), -1)):
            found.append(named.pop(0))
        found.append(item)
    return [*found, *named]


def merge_workflow_specs(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A Workflow's spec over that of the template it refers to (or over the controller's defaults).

    A parameter that `over` gives a value replaces the other one whole, so `value`, `valueFrom` and `default` never mix;
    `hooks` and `labelsFrom` merge by name; `suspend` is always that of `over`.
    """
    merged: dict[str, Any] = merge(under, over)
    arguments = merged.get("arguments")
    if isinstance(arguments, Mapping) and isinstance(arguments.get("parameters"), list):
        upper, lower = _by_name(over), _by_name(under)
        chosen = []
        for parameter in arguments["parameters"]:
            name = parameter.get("name") if isinstance(parameter, Mapping) else None
            mine, theirs = upper.get(name), lower.get(name)
            if mine is not None and theirs is not None:
                parameter = (
                    mine if any(f in mine for f in ("value", "valueFrom", "default")) else {**mine, **theirs}
                )
            chosen.append(parameter)
        merged["arguments"] = {**arguments, "parameters": chosen}
    hooks = {**(under.get("hooks") or {}), **(over.get("hooks") or {})}
    if hooks:
        merged["hooks"] = hooks
    merged.pop("suspend", None)
    if "suspend" in over:
        merged["suspend"] = over["suspend"]
    return merged


def _by_name(spec: Mapping[str, Any]) -> dict[Any, Any]:
    parameters = (spec.get("arguments") or {}).get("parameters") or []
    return {p.get("name"): p for p in parameters if isinstance(p, Mapping)}
