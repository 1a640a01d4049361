"""The fidelity line: what of a manifest a local run honoured only nearly, so that nothing is skipped silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from argolint.errors import UserError
from executor.runtimes.argoexec import argoexec_verb
from executor.runtimes.images import ImageMap

Object = Mapping[str, Any]

# Fields that are accepted and have no effect, or a weaker one, on one machine.
_SPEC_FIELDS = (
    "nodeSelector", "affinity", "tolerations", "schedulerName", "podPriorityClassName", "priority", "imagePullSecrets",
    "hostNetwork", "dnsPolicy", "dnsConfig", "hostAliases", "podDisruptionBudget", "serviceAccountName", "securityContext",
    "executor", "artifactRepositoryRef", "podGC", "ttlStrategy",
)  # fmt: skip
_TEMPLATE_FIELDS = (
    "nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "hostAliases", "serviceAccountName",
    "securityContext", "metrics",
)  # fmt: skip
_CONTAINER_FIELDS = ("livenessProbe", "startupProbe", "lifecycle", "securityContext", "resources")


def _containers(template: Object) -> Iterator[Object]:
    for key in ("container", "script"):
        if isinstance(template.get(key), Mapping):
            yield template[key]
    for key in ("sidecars", "initContainers"):
        yield from _items(template.get(key))
    members = template.get("containerSet")
    yield from _items(members.get("containers") if isinstance(members, Mapping) else None)


def _items(value: Any) -> list[Object]:
    """The mappings of a list; a malformed manifest may have anything there."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def approximations(spec: Object, *, limits_kept: bool = False) -> Counter[str]:
    """Field -> how often the spec uses it, for every field that a local run only approximates."""
    fields = [name for name in _CONTAINER_FIELDS if not (limits_kept and name == "resources")]
    found: Counter[str] = Counter()
    found.update(name for name in _SPEC_FIELDS if spec.get(name))
    if spec.get("metrics"):
        found["metrics"] += 1
    for template in _items(spec.get("templates")):
        found.update(name for name in _TEMPLATE_FIELDS if template.get(name))
        for container in _containers(template):
            found.update(name for name in fields if container.get(name))
    if claims := _items(spec.get("volumeClaimTemplates")):
        found["volumeClaimTemplates as directories"] += len(claims)
    return found


def images_used(pods: Sequence[Object]) -> Counter[str]:
    """Image -> how many user containers of these pods used it."""
    found: Counter[str] = Counter()
    for pod in pods:
        for container in (pod.get("spec") or {}).get("containers") or []:
            if argoexec_verb(container) is None:
                found[str(container.get("image") or "")] += 1
    return found


def spec_of(workflow: Object) -> Object:
    """The spec that really ran, with the templates of other files that it used."""
    status = workflow.get("status") or {}
    spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    own = _items(spec.get("templates"))
    names = {str(t.get("name")) for t in own}
    stored = [t for t in (status.get("storedTemplates") or {}).values() if str(t.get("name")) not in names]
    return {**spec, "templates": [*own, *stored]}


def insist(workflows: Sequence[Object], context: Any, images: ImageMap, runtime: Any) -> None:
    """UserError when anything of what these workflows may run would be honoured only nearly."""
    from executor.local.secrets import reachable

    notes: Counter[str] = Counter()
    for workflow in workflows:
        for place, part in reachable(workflow, context):
            whole = part if place.endswith(": spec") else {"templates": [part]}
            notes.update(approximations(whole, limits_kept=getattr(runtime, "enforces_limits", False)))
            for container in _containers(part) if runtime.needs_profile else ():
                image = str(container.get("image") or "")
                if image:
                    notes[f"image {image} is not the real one"] += 1
    if not getattr(runtime, "isolated", True):
        notes["no isolation"] += 1
    if runtime.name == "mock":
        notes["mock: no container would be started"] += 1
    if notes:
        listed = "; ".join(f"{name} ×{count}" for name, count in sorted(notes.items()))
        raise UserError(
            f"a run on this machine would not be exact: {listed}",
            "run it in a cluster, use --runtime container, or leave --strict-fidelity out",
            exit_code=4,
        )


def line(
    specs: Sequence[Object],
    used: Mapping[str, int],
    images: ImageMap,
    *,
    runtime: str,
    needs_profile: bool,
    partial: list[str],
    limits_kept: bool = False,
) -> str:
    """`fidelity: exact`, or approximate or partial with what and how often."""
    notes: list[str] = list(partial)
    if runtime == "mock":
        notes.append("mock: no container was started")
    if needs_profile:
        for image, count in sorted(used.items()):
            profile = images.lookup(image)
            if profile is not None:
                notes.append(f"image {image} → {profile.toolchain} ×{count}")
    found: Counter[str] = Counter()
    for spec in specs:
        found.update(approximations(spec, limits_kept=limits_kept))
    notes += [f"{name} ×{count}" for name, count in sorted(found.items())]
    if not notes:
        return "fidelity: exact"
    return f"fidelity: {'partial' if partial else 'approximate'} ({'; '.join(notes)})"
