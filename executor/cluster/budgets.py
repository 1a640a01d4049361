"""PodDisruptionBudgets: which pods they are about, how many may be evicted, and their status.

Upstream: pkg/controller/disruption. Without the controllers' scale subresources the expected pods are those that the
selector finds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from executor.cluster import meta
from executor.cluster.status import Cause, invalid_value, unsupported_value
from executor.cluster.store import Store

STORAGE: Final = "poddisruptionbudgets.policy"
_PERCENT: Final = re.compile("[0-9]+%")
_PERCENT_RULE: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for"
    " validation is '[0-9]+%')"
)
_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")
Obj = Mapping[str, Any]


def causes(spec: Obj) -> list[Cause]:
    """What is wrong with the numbers of a budget (upstream: pkg/apis/policy/validation)."""
    found = []
    for field in ("minAvailable", "maxUnavailable"):
        value = spec.get(field)
        if isinstance(value, int):
            if value < 0:
                found.append(invalid_value(f"spec.{field}", value, "must be greater than or equal to 0"))
        elif isinstance(value, str) and not _PERCENT.fullmatch(value):
            found.append(invalid_value(f"spec.{field}", value, _PERCENT_RULE))
        elif isinstance(value, str) and int(value[:-1][:9]) > 100:
            found.append(invalid_value(f"spec.{field}", value, "must not be greater than 100%"))
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        found.append(invalid_value("spec", dict(spec), "minAvailable and maxUnavailable cannot be both set"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        found.append(unsupported_value("spec.unhealthyPodEvictionPolicy", policy, _POLICIES))
    return found


def selects(selector: Obj | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector object selects these labels (None selects nothing)."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or ():
        key, values = term.get("key"), term.get("values") or ()
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds.get(term.get("operator"), False):
            return False
    return True


def pods_of(store: Store, budget: Obj) -> list[Obj]:
    """The pods that a budget is about: those that it selects and that have not ended."""
    selector = (budget.get("spec") or {}).get("selector")
    return [
        found.obj
        for found in store.items("pods", budget["metadata"]["namespace"])
        if selects(selector, found.obj["metadata"].get("labels") or {})
        and (found.obj.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


def _is_healthy(pod: Obj) -> bool:
    """Whether a pod is ready; one that says nothing of readiness is when it runs."""
    status = pod.get("status") or {}
    if "deletionTimestamp" in pod["metadata"]:
        return False
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Ready":
            return bool(condition.get("status") == "True")
    return bool(status.get("phase") == "Running")


def _share(value: Any, total: int) -> int:
    """A number, or a percentage of `total` rounded up; 0 for what is neither."""
    text = str(value or 0)
    number = text.removesuffix("%")
    if not number.isdigit():
        return 0
    return -(-total * int(number) // 100) if text.endswith("%") else int(number)


def counts(store: Store, budget: Obj) -> dict[str, int]:
    """The numbers of a budget's status."""
    spec = budget.get("spec") or {}
    pods = pods_of(store, budget)
    healthy, expected = sum(map(_is_healthy, pods)), len(pods)
    desired = _share(spec.get("minAvailable"), expected)
    if spec.get("maxUnavailable") is not None:
        desired = max(0, expected - _share(spec["maxUnavailable"], expected))
    return {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": max(0, healthy - desired) if expected else 0,
        "expectedPods": expected,
    }


def status(store: Store, budget: Obj) -> dict[str, Any]:
    """The status of a budget as it should be now; equal to the stored one when nothing has changed."""
    numbers = counts(store, budget)
    allowed = numbers["disruptionsAllowed"] > 0
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": budget["metadata"].get("generation", 0),
        "lastTransitionTime": meta.timestamp(),
    }
    before = budget.get("status") or {}
    others = []
    for known in before.get("conditions") or ():
        if known.get("type") != condition["type"]:
            others.append(known)
        elif known.get("status") == condition["status"]:
            condition["lastTransitionTime"] = known.get("lastTransitionTime")
    observed = {"observedGeneration": budget["metadata"].get("generation", 0)}
    return {**before, **numbers, **observed, "conditions": [*others, condition]}


def exhausted(store: Store, pod: Obj) -> str:
    """The name of the budget that the eviction of a pod would break; empty when there is none."""
    uid = pod["metadata"]["uid"]
    for found in store.items(STORAGE, pod["metadata"]["namespace"]):
        if any(known["metadata"]["uid"] == uid for known in pods_of(store, found.obj)):
            numbers = counts(store, found.obj)
            if _is_healthy(pod) and not numbers["disruptionsAllowed"]:
                return str(found.obj["metadata"]["name"])
    return ""
