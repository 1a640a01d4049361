"""CFG110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import setting
from argolint.analysis.structure import place
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.schema import validate
from argolint.yaml.nodes import Map

# Defaults are a part of a Workflow, so nothing is missing from them.
KINDS = {
    "unknown-field": "has no field `{key}`",
    "wrong-case": "has no field `{key}`",
    "misplaced-field": "has no field `{key}` here",
    "wrong-type": "takes another type for `{key}`",
    "invalid-enum": "does not take this `{key}`",
    "removed-field": "no longer has `{key}`",
    "invalid-quantity": "does not take this quantity of `{key}`",
}


@rule("CFG110", "invalid-workflow-defaults", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`workflowDefaults` with a field that a Workflow does not have."""
    found = setting(obj, ctx, "workflowDefaults")
    if found is None or not isinstance(found.value, Map):
        return
    major, minor = ctx.argo_version
    for problem in validate(found.value, "Workflow", f"{major}.{minor}"):
        said = KINDS.get(problem.kind)
        if said is not None:
            yield Finding(
                found.at(place(problem)),
                f"`workflowDefaults`: a Workflow {said.format(key=problem.key)}",
                help="it is a Workflow: the defaults of the spec belong under `spec`",
            )
