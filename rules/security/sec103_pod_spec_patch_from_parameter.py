"""SEC103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "SEC103",
    "pod-spec-patch-from-parameter",
    on="spec",
    severity="error",
    cross_file=True,
    keys=("podSpecPatch",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A pod is patched with text that a parameter holds."""
    for view, template in ((spec, None), *((one, one) for one in spec.all_templates)):
        scalar = ctx.scalar(view, "podSpecPatch")
        if scalar is None:
            continue
        for danger in security.dangers(scalar, spec, template, ctx)[:1]:
            use = danger.use
            if use.in_expr and "oJson(" in scalar.value[max(use.start - 40, 0) : use.start]:
                continue
            yield Finding(
                scalar.part(use.start, use.end),
                f"`{use.text}` is pasted into `podSpecPatch`: {danger.who()} can change any field of the pod",
                help="convert it (`{{=asInt(…)}}`, `{{=toJson(…)}}`), or choose among patches that are written down",
                related=danger.taint.path,
                severity="error" if danger.taint.level == taint.EVENT else "warning",
            )
