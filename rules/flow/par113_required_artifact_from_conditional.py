"""PAR113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow, flow_uses
from argolint.context import Context, Scalar
from argolint.model.view import View
from argolint.rule import Finding, rule


@rule(
    "PAR113",
    "required-artifact-from-conditional",
    on="scalar",
    severity="warning",
    keys=("from",),
    cross_file=True,
)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A required artifact comes from a step that may have been skipped."""
    if scalar.key != "from":
        return
    parent = View(scalar.parent)
    if parent.get("optional") is True:
        return
    for use in flow_uses.absent_uses(scalar, "artifacts"):
        if scalar.step is not None:
            callee = flow.callee_of(scalar.step, ctx.index, ctx.namespace)
            port = callee.artifacts.get(parent.text("name")) if callee is not None else None
            if port is None or not port.required:
                continue
        yield Finding(
            scalar.part(use.found.use.start, use.found.use.end),
            f"{use.producer.label} may be skipped, and then there is no artifact `{use.name}`",
            help="set `optional: true` on the artifact, or give this step the same `when`",
            related=[(use.producer.key_span("when"), "it is skipped when this is false")],
        )
