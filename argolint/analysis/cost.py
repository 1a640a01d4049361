"""What a manifest asks of a cluster: resource quantities and how many pods it may start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.model.view import View
from argolint.model.workflow import Step, Template
from argolint.patterns import lazy

_QUANTITY = lazy(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?[0-9]{1,3}))?\Z"
)
_SUFFIX = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def quantity(value: Any) -> float | None:
    """A Kubernetes quantity as a number (`500m` = 0.5, `1Ki` = 1024.0); None when it is none, or has a tag."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    match = _QUANTITY.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, suffix, exponent = match.groups()
    return float(number) * (_SUFFIX[suffix] if suffix else 10.0 ** int(exponent) if exponent else 1.0)


def pod_containers(template: Template) -> Iterator[tuple[View, str]]:
    """The containers that do a template's work: (it, label); init containers and sidecars are left out."""
    for role, container in template.containers:
        if role in ("main", "containerSet"):
            name = container.text("name")
            yield (
                container,
                f"container `{name}` of {template.label}" if role == "containerSet" else template.label,
            )


def has_resources(template: Template, container: View, kind: str, resource: str = "") -> bool:
    """Whether a container has `requests` or `limits` (of one resource), its own or by way of templateDefaults or podSpecPatch."""
    if template.spec.get("podSpecPatch") or template.get("podSpecPatch"):
        return True
    holders = [container]
    defaults = template.spec.template_defaults
    if defaults is not None:
        if defaults.get("podSpecPatch"):
            return True
        holders += [view for _, view in defaults.containers]
    return any(
        (resource in view.mapping("resources").mapping(kind))
        if resource
        else bool(view.mapping("resources").get(kind))
        for view in holders
    )


def fan_out(step: Step) -> int | None:
    """How many times a loop runs its step; None when the manifest does not say (withParam, tags), 1 without a loop."""
    if not step.loops:
        return 1
    items = step.get("withItems")
    if isinstance(items, list):
        return len(items)
    sequence = step.mapping("withSequence")
    count, start, end = (_number(sequence.get(key)) for key in ("count", "start", "end"))
    if count is not None:
        return count
    if end is not None:
        return abs(end - (start or 0)) + 1
    return None


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return None
