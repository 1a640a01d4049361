"""STR130."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map

NAME = lazy(r"[a-zA-Z_][a-zA-Z0-9_]*")
KINDS = ("gauge", "counter", "histogram")


@rule("STR130", "invalid-metric", on="spec", severity="error", keys=("metrics",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A Prometheus metric that Argo does not take."""
    if "metrics" in spec:
        # of the metrics of the whole workflow Argo finds out when it ends
        yield from metrics(spec, "warning")
    for template in spec.all_templates:
        if "metrics" in template:
            yield from metrics(template, None)


def metrics(holder: View, severity: str | None) -> Iterator[Finding]:
    """The findings about `metrics.prometheus`."""
    for metric in holder.mapping("metrics").items("prometheus"):
        name = metric.text("name")
        if not NAME.fullmatch(name):
            yield Finding(
                metric.value_span("name"),
                f"`{name}` is not a name for a metric",
                help="letters, digits and `_`, not beginning with a digit",
                severity=severity,
            )
        for label in metric.items("labels"):
            key = label.text("key")
            if not NAME.fullmatch(key):
                yield Finding(
                    label.value_span("key"),
                    f"`{key}` is not a label of a metric",
                    help="letters, digits and `_`, not beginning with a digit",
                    severity=severity,
                )
        if metric.get("help") in (None, ""):
            yield Finding(
                metric.key_span("help"),
                f"metric `{name}` has no `help`",
                help="say in a sentence what it counts",
                severity=severity,
            )
        for kind in KINDS:
            if isinstance(metric.get(kind), Map):
                yield from measured(metric.mapping(kind), kind, name, severity)


def measured(body: View, kind: str, name: str, severity: str | None) -> Iterator[Finding]:
    """The findings about what a metric measures."""
    value = body.get("value")
    if value in (None, ""):
        yield Finding(
            body.key_span("value"),
            f"the {kind} of metric `{name}` has no `value`",
            help="add it",
            severity=severity,
        )
    elif kind == "gauge" and body.get("realtime") is True and isinstance(value, str):
        if "resourcesDuration." in value:
            yield Finding(
                body.value_span("value"),
                "resource durations are known at the end only, not in real time",
                help="set `realtime: false`",
                severity=severity,
            )
        elif value.replace(" ", "") not in ("{{duration}}", "{{workflow.duration}}"):
            yield Finding(
                body.value_span("value"),
                "in real time only `{{duration}}` and `{{workflow.duration}}` are measured",
                help="set `realtime: false`",
                severity="warning",
            )
