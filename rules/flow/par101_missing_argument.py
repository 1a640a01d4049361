"""PAR101."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.analysis import flow
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("PAR101", "missing-argument", on="spec", severity="error", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template is called without an input parameter that it needs, or with one that has no value."""
    for call in flow.calls(spec, ctx.index, ctx.namespace):
        given = {item.name: item for item in call.arguments.parameters}
        missing = [port for port in call.callee.inputs.values() if port.required and port.name not in given]
        if missing and not any("{{" in name for name in given):
            yield Finding(
                call.at,
                f"{call.what} does not give {listed(missing)}, which {call.callee.label} needs",
                help="add it under `arguments.parameters`, or give the input a `default`",
                related=[
                    (
                        Elsewhere(call.callee.path or ctx.path, port.start, port.end),
                        f"`{port.name}` has no default",
                    )
                    for port in missing
                ],
                severity="warning" if call.how == "hook" and call.step is None else None,
            )
        for item in given.values():
            if item.get("value") is None and item.get("valueFrom") is None and call.step is not None:
                yield Finding(
                    item.name_span if item.name else item.head,
                    f"argument `{item.name}` has no value",
                    help="give it a `value`; `default` is for inputs",
                )
    yield from own(spec, ctx)


def own(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """What the entrypoint and the exit handler need of the workflow's own arguments."""
    if spec.workflow_template_ref is not None:
        return
    given = {item.name for item in spec.arguments.parameters}
    for ref in spec.references():
        if ref.step is not None or ref.how not in ("entrypoint", "onExit"):
            continue
        if ref.how == "entrypoint" and spec.kind not in ("Workflow", "CronWorkflow"):
            continue
        callee = flow.target_of(ref, spec, ctx.index, ctx.namespace)
        missing = (
            [port for port in callee.inputs.values() if port.required and port.name not in given]
            if callee
            else []
        )
        if missing:
            yield Finding(
                ref.name_span,
                f"the workflow does not give {listed(missing)}, which {callee.label if callee else ''} needs",
                help="add it under `spec.arguments.parameters`, or give the input a `default`",
                related=[((port.start, port.end), f"`{port.name}` has no default") for port in missing],
            )


def listed(ports: list[Any]) -> str:
    """The names of ports in a sentence."""
    return ", ".join(f"`{port.name}`" for port in ports)
