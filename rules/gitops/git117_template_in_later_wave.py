"""GIT117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.gitops import wave_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "GIT117",
    "template-in-later-wave",
    on="spec",
    severity="warning",
    cross_file=True,
    keys=("templateRef", "workflowTemplateRef"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An object is synced before the template that it refers to."""
    if spec.owner.embedded:
        return
    own = wave_of(spec.owner)
    here = ctx.source.mentions("sync-wave")
    for reference in spec.references():
        for fact in ctx.index.referred(reference, ctx.namespace) if reference.object_name else ():
            if fact.path == ctx.path and not here:
                continue
            other: Object | None = ctx.index.load(fact)
            if other is not None and wave_of(other) > own:
                yield Finding(
                    reference.name_span,
                    f"{fact.kind} `{fact.name}` is synced in wave {wave_of(other)}, behind this {spec.kind} of wave {own}",
                    help="give the template the earlier wave: a CronWorkflow without its template is not scheduled",
                    related=[(Elsewhere(fact.path, fact.start, fact.end), "the template")],
                )
