"""EVT112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule
from argolint.suggest import nearest


@rule(
    "EVT112",
    "unset-workflow-argument",
    on="spec",
    severity="error",
    kinds=(
        "Workflow",
        "CronWorkflow",
    ),
    cross_file=True,
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A Workflow that nobody submits by hand lacks a parameter of its WorkflowTemplate, or gives one that it does not have."""
    ref = spec.workflow_template_ref
    if (
        ref is None
        or not is_literal(ref.object_name)
        or not (spec.owner.embedded or spec.kind == "CronWorkflow")
    ):
        return
    facts = ctx.index.referred(ref, ctx.namespace)
    if len(facts) != 1:
        return
    fact = facts[0]
    declared = {port[0]: port for port in fact.data.get("arguments", ())}
    written = [events.segments(path) for path in events.filled(spec.owner)]
    if any(
        path[:2] == ["spec", "arguments"] and path[-1] in ("arguments", "parameters", "-1", "name")
        for path in written
    ):
        return
    given = {item.name: item for item in spec.arguments.parameters}
    for name, port in declared.items():
        if port[1] and name not in given:
            yield Finding(
                ref.object_span,
                f"{ref.object_kind} `{ref.object_name}` needs the parameter `{name}`, which is not given",
                help=f"add `- name: {name}` to `arguments.parameters`",
                related=[(Elsewhere(fact.path, port[3], port[4]), "the parameter")],
            )
    for name, item in given.items():
        near = nearest(name, declared) if declared and name not in declared else ""
        if near:
            yield Finding(
                item.name_span,
                f"{ref.object_kind} `{ref.object_name}` has no parameter `{name}`",
                help=f"did you mean `{near}`?",
                severity="warning",
            )
