"""STR128."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR128", "unsupported-pod-resource", on="spec", severity="error", keys=("podResources",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`podResources` has what Kubernetes does not count for whole pods."""
    for view in (spec, *spec.all_templates):
        if "podResources" not in view:
            continue
        resources = view.mapping("podResources")
        if resources.get("claims") is not None:
            yield Finding(
                resources.key_span("claims"), "`podResources` takes no `claims`", help="use `resourceClaims`"
            )
        for side in ("limits", "requests"):
            amounts = resources.mapping(side)
            for name in amounts.map:
                if name not in ("cpu", "memory") and not str(name).startswith("hugepages-"):
                    yield Finding(
                        amounts.key_span(name),
                        f"`{name}` cannot be given for a whole pod",
                        help="give it to a container; a pod has cpu, memory and hugepages-…",
                    )
