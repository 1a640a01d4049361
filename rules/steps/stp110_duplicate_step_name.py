"""STP110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step, Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace, scalar


@rule("STP110", "duplicate-step-name", on="template", types=("steps", "dag"), severity="error", fix="unsafe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Two steps (of any group) or two tasks of a template have one name."""
    first: dict[str, Step] = {}
    for step in template.children:
        if not step.name:
            continue
        before = first.setdefault(step.name, step)
        if before is not step:
            yield Finding(
                step.name_span,
                f"{step.label} is defined twice in {template.label}",
                help="names are unique over all groups of a template, since `steps.NAME` must mean one of them",
                related=[(before.name_span, "first defined here")],
                fix=None
                if step.is_alias("name")
                else replace(step.name_span, scalar(free_name(step, template))),
            )


def free_name(step: Step, template: Template) -> str:
    """A name like a step's that no step of the template has."""
    taken = {other.name for other in template.children}
    number = 2
    while f"{step.name}-{number}" in taken:
        number += 1
    return f"{step.name}-{number}"
