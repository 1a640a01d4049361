"""CFG119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import instance_id
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Elsewhere, Finding, rule

LABEL = "workflows.argoproj.io/controller-instanceid"


@rule(
    "CFG119",
    "instance-without-controller",
    on="object",
    severity="warning",
    kinds=("Workflow", "CronWorkflow"),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The only controller of the tree does not see this object, by its instance ID."""
    label = obj.labels.get(LABEL, "")
    found = instance_id(ctx.index) if isinstance(label, str) and "{{" not in label else None
    if found is None or found[1] == label or obj.parent is not None:
        return
    config, wanted = found
    labels = obj.metadata.mapping("labels")
    yield Finding(
        labels.value_span(LABEL) if label else obj.name_span,
        f"no controller runs this {obj.kind}: that of the tree takes objects with "
        + (f"the instance ID `{wanted}`" if wanted else "no instance ID"),
        help=f"set the label `{LABEL}: {wanted}`" if wanted else f"delete the label `{LABEL}`",
        related=[(Elsewhere(config.path, config.start, config.end), "the controller's configuration")],
    )
