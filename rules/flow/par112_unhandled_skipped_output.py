"""PAR112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow, flow_uses
from argolint.analysis.concurrent import called
from argolint.context import Context, Scalar
from argolint.model.view import View
from argolint.rule import Finding, rule


@rule("PAR112", "unhandled-skipped-output", on="scalar", severity="warning", cross_file=True)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A step reads an output of a step that may have been skipped, and nothing stands in for it."""
    for kind in ("parameters", "result"):
        for use in flow_uses.absent_uses(scalar, kind):
            producer = called(use.producer, ctx)
            if producer is None:
                continue
            if kind == "parameters" and flow_uses.output_default(producer.template, use.name) is not None:
                continue
            if consumer_default(scalar, ctx) or scalar.value.strip() == "":
                continue
            effect = (
                "the step fails"
                if ctx.argo_version >= (3, 7)
                else "the tag stays as text, or the workflow hangs"
            )
            yield Finding(
                scalar.part(use.found.use.start, use.found.use.end),
                f"{use.producer.label} may be skipped, and then `{use.found.use.text}` does not exist: {effect}",
                help="give the output a `valueFrom.default`, the input a `default`, or write an expression with `??`",
                related=[(use.producer.key_span("when"), "it is skipped when this is false")],
            )


def consumer_default(scalar: Scalar, ctx: Context) -> bool:
    """Whether the input that an argument feeds has a default, or an output has one."""
    parent = View(scalar.parent)
    if scalar.key == "parameter":
        return parent.get("default") is not None
    step = scalar.step
    if scalar.key != "value" or step is None or ".arguments.parameters" not in scalar.where:
        return False
    callee = flow.callee_of(step, ctx.index, ctx.namespace)
    if callee is None:
        return True
    port = callee.inputs.get(parent.text("name"))
    return port is not None and not port.required
