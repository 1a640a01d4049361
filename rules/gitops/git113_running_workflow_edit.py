"""GIT113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import restriction
from argolint.analysis.revisions import OPTION, was
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.nodes import plain


@rule(
    "GIT113",
    "running-workflow-edit",
    on="object",
    severity="warning",
    kinds=("WorkflowTemplate", "ClusterWorkflowTemplate"),
    cross_file=True,
    options={OPTION: []},
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The change edits a template that running workflows must not see change."""
    base = ctx.option(OPTION)
    before = was(obj, base) if base and not obj.embedded else None
    if before is None or before.get("spec") == plain(obj.map).get("spec"):
        return
    found = restriction(ctx.index)
    if found is not None and found[1] == "Secure":
        yield Finding(
            obj.name_span,
            f"the change edits {obj.kind} `{obj.name}`: with `templateReferencing: Secure`, workflows that are running from it fail",
            help="publish the new spec under a new name, or sync when none is running",
            related=[
                (Elsewhere(found[0].path, found[0].start, found[0].end), "the controller's configuration")
            ],
        )
