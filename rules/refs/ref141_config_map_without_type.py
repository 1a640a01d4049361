"""REF141."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule

LABEL = "workflows.argoproj.io/configmap-type"


@rule(
    "REF141",
    "config-map-without-type",
    on="spec",
    severity="error",
    cross_file=True,
    keys=("configMapKeyRef", "memoize"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A ConfigMap that gives a parameter, or keeps a cache, lacks the label by which Argo finds it."""
    for holder, kind in wanted(spec):
        name = holder.text("name")
        found = ctx.index.find("ConfigMap", name, ctx.namespace) if name and is_literal(name) else []
        if not found or any(labels(fact.data).get(LABEL) == kind for fact in found):
            continue
        if holder.get("optional") is True or any("{{" in label for label in labels(found[0].data).values()):
            continue
        what = "takes parameters from" if kind == "Parameter" else "keeps outputs in"
        yield Finding(
            holder.value_span("name"),
            f"Argo {what} ConfigMaps with the label `{LABEL}: {kind}` only, and `{name}` has none",
            help=f"add the label `{LABEL}: {kind}` to it",
            related=[(Elsewhere(found[0].path, found[0].start, found[0].end), "the ConfigMap")],
        )


def wanted(spec: WorkflowSpec) -> Iterator[tuple[View, str]]:
    """(the reference, the type of ConfigMap) of what parameters and caches are kept in."""
    for parameter in spec.arguments.parameters:
        yield parameter.mapping("valueFrom").mapping("configMapKeyRef"), "Parameter"
    for template in spec.all_templates:
        for parameter in template.inputs.parameters:
            yield parameter.mapping("valueFrom").mapping("configMapKeyRef"), "Parameter"
        yield template.mapping("memoize").mapping("cache").mapping("configMap"), "Cache"


def labels(data: dict[str, object]) -> dict[str, str]:
    """The labels of an object's facts."""
    found = data.get("labels")
    return found if isinstance(found, dict) else {}
