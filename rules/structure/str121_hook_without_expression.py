"""STR121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR121", "hook-without-expression", on="spec", severity="error", keys=("hooks",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A hook other than `exit` does not say when it runs."""
    hooks = list(spec.hooks)
    for template in spec.all_templates:
        for step in template.children:
            if "hooks" in step:
                hooks += step.hooks
    for hook in hooks:
        if hook.name != "exit" and hook.get("expression") in (None, ""):
            yield Finding(
                hook.head,
                f"hook `{hook.name}` has no `expression`",
                help='say when it runs, as in `expression: workflow.status == "Running"`; only a hook called `exit` needs none',
            )
