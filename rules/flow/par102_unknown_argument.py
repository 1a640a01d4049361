"""PAR102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow, flow_uses
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("PAR102", "unknown-argument", on="spec", severity="warning", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template is given an argument that it does not declare."""
    for call in flow.calls(spec, ctx.index, ctx.namespace):
        if not call.callee.type:
            continue
        sides = (
            ("parameter", call.arguments.parameters, call.callee.inputs),
            ("artifact", call.arguments.artifacts, call.callee.artifacts),
        )
        for what, given, known in sides:
            names = {item.name for item in given}
            for item in given:
                if not item.name or item.name in known or not is_literal(item.name):
                    continue
                near = suggest(item.name, [name for name in known if name not in names])
                own = call.callee.template
                around = what == "parameter" and own is not None and own.spec is spec
                read = flow_uses.workflow_reads(spec.owner, own.name) if around and own is not None else ()
                instead = (
                    f"{call.callee.label} reads `workflow.parameters.{item.name}` instead: declare the input, and read "
                    f"`inputs.parameters.{item.name}`"
                )
                yield Finding(
                    item.name_span,
                    f"{call.callee.label} has no input {what} `{item.name}`",
                    help=instead
                    if ("parameters", item.name) in read
                    else did_you_mean(item.name, known) or "remove it, or declare it as an input",
                    fix=replace(item.name_span, near) if near and not item.is_alias("name") else None,
                )
