"""STP201."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import callee, merged_up, mounted, reads_of
from argolint.context import Context
from argolint.model.workflow import Step, Steps
from argolint.rule import Finding, rule


@rule("STP201", "needlessly-sequential", on="steps", severity="info", default=False, fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A group has nothing to do with the one above it, and could run beside it."""
    groups = steps.groups
    if (
        len(groups) < 2
        or any(_is_daemon(step) for step in steps)
        or str(steps.template.get("parallelism")) == "1"
    ):
        return
    reads = {
        (read.reader.group, read.target.group)
        for read in reads_of(steps.template, ctx)
        if read.target is not None
    }
    for i in range(1, len(groups)):
        above, group = groups[i - 1], groups[i]
        if not above or not group or (i, i - 1) in reads:
            continue
        if all(map(_is_alone, above)) and all(map(_is_alone, group)):
            yield Finding(
                group[0].name_span,
                f"{group[0].label} uses nothing of the group above it, and could run beside it",
                help="take the outer dash away, unless the order matters for reasons that the manifest does not show",
                related=[(above[0].name_span, "the group above")],
                fix=merged_up(ctx.source, group[0]) or None,
            )


def _is_alone(step: Step) -> bool:
    """Whether a step is a pod that shares nothing visible with others: no volumes, locks, side doors or conditions."""
    template = callee(step)
    if template is None or template.type not in ("container", "script") or step.when or "continueOn" in step:
        return False
    return not (
        mounted(template) or "synchronization" in template or "daemon" in template or "memoize" in template
    )


def _is_daemon(step: Step) -> bool:
    template = callee(step)
    return template is not None and template.get("daemon") is True
