"""CST108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cost import quantity
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "CST108",
    "requests-exceed-limits",
    on="template",
    severity="error",
    types=("container", "script", "containerSet", "http", "resource", "data", "plugin"),
    keys=("requests",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container requests more than its limit: the API server refuses the pod."""
    for _, container in template.containers:
        resources = container.mapping("resources")
        requests, limits = resources.mapping("requests"), resources.mapping("limits")
        for name in requests.map if limits.map else ():
            asked, most = quantity(requests.get(name)), quantity(limits.get(name))
            if asked is not None and most is not None and asked > most:
                yield Finding(
                    requests.value_span(name),
                    f"requests {requests.get(name)} {name}, but the limit is {limits.get(name)}: the API server refuses the pod",
                    help="raise the limit, or lower the request",
                    related=[(limits.value_span(name), "the limit")],
                )
