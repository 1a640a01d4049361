"""CST109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cost import quantity
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, quote


@rule(
    "CST109",
    "gpu-without-limit",
    on="template",
    severity="error",
    types=("container", "script", "containerSet"),
    fix="unsafe",
    keys=("requests",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An extended resource (a GPU) is requested and not limited, or not to the same number."""
    for _, container in template.containers:
        resources = container.mapping("resources")
        requests, limits = resources.mapping("requests"), resources.mapping("limits")
        for name in requests.map:
            # A domain of its own marks an extended resource; those of kubernetes.io are the system's.
            domain = str(name).partition("/")[0] if "/" in str(name) else ""
            if not domain or domain.endswith("kubernetes.io"):
                continue
            value = requests.get(name)
            asked, most = quantity(value), quantity(limits.get(name))
            missing = name not in limits
            if missing or (asked is not None and most is not None and most > asked):
                plain = str(value) if isinstance(value, int) else quote(str(value))
                yield Finding(
                    requests.key_span(name),
                    f"`{name}` needs a limit equal to the request: the API server refuses the pod",
                    help=f"set `limits: {{{name}: {value}}}`",
                    fix=add_key(ctx.source, resources.map, "limits", f"{{{name}: {plain}}}")
                    if missing
                    and "limits" not in resources
                    and not resources.map.merged
                    and not isinstance(value, (dict, list))
                    else None,
                )
