"""RBA202."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA202",
    "undefined-service-account",
    on="spec",
    severity="warning",
    fix="unsafe",
    cross_file=True,
    keys=("serviceAccountName",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow runs as an account that is not among the manifests, although they hold accounts of its namespace."""
    severity = ctx.external_severity
    known = ctx.index.names("ServiceAccount", ctx.namespace)
    if severity is None or not known:
        return
    views: list[View] = [spec, spec.mapping("executor"), *spec.all_templates]
    views += [template.mapping("executor") for template in spec.all_templates]
    for view in views:
        name = view.text("serviceAccountName")
        if not name or name == "default" or not is_literal(name) or ctx.index.find("ServiceAccount", name):
            continue
        near = suggest(name, known)
        yield Finding(
            view.value_span("serviceAccountName"),
            f"service account `{name}` is not among the manifests",
            help=did_you_mean(name, known),
            severity="warning" if near else severity,
            fix=replace(view.value_span("serviceAccountName"), near)
            if near and not view.is_alias("serviceAccountName")
            else None,
        )
