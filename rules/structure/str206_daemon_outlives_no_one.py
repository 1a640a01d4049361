"""STR206."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "STR206", "daemon-outlives-no-one", on="template", severity="warning", types=("steps",), keys=("daemon",)
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A daemon is started in the last group of steps, and stopped at once."""
    groups = [group for group in template.steps.groups if group]
    if not groups:
        return
    last = groups[-1]
    for step in last:
        target = step.target
        callee = (
            template.spec.template_named(target.local) if target is not None and target.local else step.inline
        )
        if callee is not None and callee.get("daemon") is True and len(last) == 1:
            yield Finding(
                step.name_span if step.name else step.head,
                f"{step.label} starts a daemon and nothing follows: it is stopped at once",
                help="put the steps that need it behind it, in the same template",
            )
