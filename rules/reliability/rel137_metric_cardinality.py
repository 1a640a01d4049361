"""REL137."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

# Variables that have another value in every run.
UNIQUE = (
    "workflow.name}}",
    "workflow.uid}}",
    "pod.name}}",
    "node.name}}",
    "workflow.creationTimestamp",
    "workflow.scheduledTime",
)


@rule("REL137", "metric-cardinality", on="spec", severity="warning", keys=("metrics",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A label of a metric has a new value in every run."""
    if not ctx.source.mentions("prometheus"):
        return
    for holder in [spec, *spec.all_templates]:
        for metric in holder.mapping("metrics").items("prometheus") if "metrics" in holder else ():
            for label in metric.items("labels"):
                value = label.text("value").replace(" ", "")
                if any(f"{{{{{name}" in value for name in UNIQUE):
                    yield Finding(
                        label.value_span("value"),
                        f"label `{label.text('key')}` of metric `{metric.text('name')}` is another in every run: each makes a new time series",
                        help="label by what there are few of: the template, the team, the result",
                    )
