"""PAR109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Parameter, Ports, WorkflowSpec
from argolint.rule import Finding, rule


@rule("PAR109", "duplicate-parameter", on="spec", severity="error")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A list of parameters or artifacts has a name twice."""
    for ports in all_ports(spec):
        for what, items in (("parameter", ports.parameters), ("artifact", ports.artifacts)):
            seen: dict[str, Parameter] = {}
            for item in items if len(items) > 1 else ():
                first = seen.setdefault(item.name, item)
                if item.name and first is not item:
                    yield Finding(
                        item.name_span,
                        f"there are two {what}s `{item.name}` in this list",
                        help="remove one",
                        related=[(first.name_span, "the first")],
                    )


def all_ports(spec: WorkflowSpec) -> Iterator[Ports]:
    """Every inputs, outputs and arguments of a spec."""
    yield spec.arguments
    for template in spec.all_templates:
        yield template.inputs
        yield template.outputs
        for step in template.children:
            yield step.arguments
