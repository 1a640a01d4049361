"""STR206."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import callee, waits
from argolint.context import Context
from argolint.model.workflow import Step, Template
from argolint.rule import Finding, rule


@rule(
    "STR206",
    "daemon-outlives-no-one",
    on="template",
    severity="warning",
    types=("steps", "dag"),
    keys=("daemon",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A daemon that no step or task comes after: it is stopped as soon as its template is done."""
    for step, effect in alone(template):
        runs = callee(step)
        if runs is not None and runs.get("daemon") is True:
            yield Finding(
                step.name_span if step.name else step.head,
                f"{step.label} starts a daemon and {effect}",
                help="put the steps that need it behind it, in the same template",
            )


def alone(template: Template) -> Iterator[tuple[Step, str]]:
    """The children that nothing follows, and what that means for a daemon."""
    if template.type == "dag":
        awaited = {name for names in waits(template)[0].values() for name in names}
        for task in template.dag.tasks:
            if task.name and task.name not in awaited:
                yield task, "no task waits for it, so none can ask for its address"
        return
    groups = [group for group in template.steps.groups if group]
    if groups and len(groups[-1]) == 1:
        yield groups[-1][0], "nothing follows: it is stopped at once"
