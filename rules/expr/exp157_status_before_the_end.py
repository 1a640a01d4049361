"""EXP157."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure_graph import exit_roots, is_dynamic, reachable
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_ENDED = lazy(r"""\b(workflow\.status)\s*(?:\}\})?['"]?\s*([=!]=)\s*['"]?(Succeeded|Failed|Error)\b""")


@rule("EXP157", "status-before-the-end", on="spec", severity="warning")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A step asks for the workflow's last status while the workflow runs."""
    asking = [
        (template, step)
        for template in spec.all_templates
        for step in template.children
        if "workflow.status" in step.text("when")
    ]
    if not asking or is_dynamic(spec):
        return
    early = reachable(spec, [spec.entrypoint]) if spec.entrypoint else set()
    late = reachable(spec, exit_roots(spec))
    for template, step in asking:
        if template.name not in early or template.name in late:
            continue
        for match in _ENDED.finditer(step.text("when")):
            always = "true" if match[2] == "!=" else "false"
            yield Finding(
                ctx.part(step, "when", match.start(1), match.end(3)),
                f"the workflow is `Running` when {step.label} is about to start, so this is always {always}",
                help="ask in the exit handler (`onExit`), or ask for the status of a step or task",
            )
