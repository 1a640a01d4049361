"""EVT138."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule
from argolint.suggest import nearest


@rule(
    "EVT138",
    "event-binding-argument",
    on="object",
    severity="error",
    kinds=("WorkflowEventBinding",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A WorkflowEventBinding fills a parameter that its WorkflowTemplate does not have, or leaves a required one open."""
    ref = obj.spec.mapping("submit").mapping("workflowTemplateRef")
    name = ref.text("name")
    kind = "ClusterWorkflowTemplate" if ref.get("clusterScope") is True else "WorkflowTemplate"
    facts = ctx.index.find(kind, name, ctx.namespace) if is_literal(name) else []
    parameters = obj.spec.mapping("submit").mapping("arguments").items("parameters")
    for view in parameters:
        if view.get("value") is None and view.mapping("valueFrom").get("event") is None:
            yield Finding(
                view.head,
                f"parameter `{view.text('name')}` has no value",
                help="add `valueFrom: {event: payload.…}`",
            )
    if len(facts) != 1:
        return
    declared = facts[0].data.get("arguments", ())
    given = {view.text("name") for view in parameters}
    for port in declared:
        if port[1] and port[0] not in given:
            yield Finding(
                ref.value_span("name"),
                f"{kind} `{name}` needs the parameter `{port[0]}`, which this binding does not fill",
                related=[(Elsewhere(facts[0].path, port[3], port[4]), "the parameter")],
            )
    known = [port[0] for port in declared]
    for view in parameters:
        near = nearest(view.text("name"), known)
        if known and view.text("name") not in known and near:
            yield Finding(
                view.value_span("name"),
                f"{kind} `{name}` has no parameter `{view.text('name')}`",
                help=f"did you mean `{near}`?",
                severity="warning",
            )
