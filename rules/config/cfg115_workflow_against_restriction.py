"""CFG115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import is_controller_config
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml import parse
from argolint.yaml.nodes import Map


@rule(
    "CFG115",
    "workflow-against-restriction",
    on="object",
    severity="error",
    kinds=("Workflow", "CronWorkflow"),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The controller takes only workflows that refer to a template, and this one does not."""
    specs = obj.workflow_specs
    if not specs or specs[0].workflow_template_ref is not None:
        return
    found = restriction(ctx.index)
    if found is None:
        return
    place, value = found
    yield Finding(
        specs[0].head,
        f"the controller's `templateReferencing: {value}` refuses workflows without `workflowTemplateRef`",
        help="move the templates into a WorkflowTemplate and refer to it",
        related=[(place, "the controller's configuration")],
    )


def restriction(index: Index) -> tuple[Elsewhere, str] | None:
    """The restriction that the tree's only controller configuration sets, and where that is; None when there is none, or several."""
    configs = [
        fact for fact in index.of_kind("ConfigMap") if fact.name.endswith("workflow-controller-configmap")
    ]
    if len(configs) != 1 or not {"workflowRestrictions", "config"} & set(configs[0].data.get("keys", ())):
        return None
    loaded = index.load(configs[0])
    if loaded is None or not is_controller_config(loaded):
        return None
    data = loaded.mapping("data")
    text = data.text("workflowRestrictions") or data.text("config")
    if "{{" in text:
        return None
    documents = parse(text).documents
    root = documents[0].root if documents else None
    inner = root.get("workflowRestrictions", root) if isinstance(root, Map) else None
    value = inner.get("templateReferencing") if isinstance(inner, Map) else None
    fact = configs[0]
    return (Elsewhere(fact.path, fact.start, fact.end), value) if value in ("Strict", "Secure") else None
