"""RBA208."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import POD_TYPES, WorkflowSpec
from argolint.rule import Finding, rule


@rule("RBA208", "shared-service-account", on="spec", severity="info", default=False, keys=("resource",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Some templates act on objects, others only compute, and all run as one account."""
    account = spec.text("serviceAccountName")
    mine = [
        template
        for template in spec.all_templates
        if template.type in POD_TYPES and not template.text("serviceAccountName")
    ]
    acting = [template for template in mine if template.type == "resource"]
    if not account or not acting or len(acting) == len(mine):
        return
    yield Finding(
        spec.value_span("serviceAccountName"),
        f"`{account}` needs rights on objects for {acting[0].label} only, and {len(mine) - len(acting)} other template(s) run as it, too",
        help=f"give {acting[0].label} a `serviceAccountName` of its own",
        related=[(acting[0].name_span, "this one acts on objects")],
    )
