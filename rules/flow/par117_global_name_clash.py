"""PAR117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Parameter, WorkflowSpec
from argolint.rule import Finding, rule


@rule("PAR117", "global-name-clash", on="spec", severity="warning", keys=("globalName",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Two outputs are exported under one name."""
    for key in ("parameters", "artifacts"):
        seen: dict[str, Parameter] = {}
        for template in spec.all_templates:
            for item in template.outputs.parameters if key == "parameters" else template.outputs.artifacts:
                name = item.text("globalName")
                if not name or "{{" in name:
                    continue
                first = seen.setdefault(name, item)
                if first is not item:
                    yield Finding(
                        item.value_span("globalName"),
                        f"two {key} are exported as `{name}`: the one that ends last wins",
                        help="give them names of their own",
                        related=[(first.value_span("globalName"), "the other")],
                    )
