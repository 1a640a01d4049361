"""STR135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

KINDS = ("gauge", "counter", "histogram")


@rule("STR135", "conflicting-metrics", on="spec", severity="warning", keys=("metrics",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Two metrics of one name differ in type, help or labels, and only one can be kept."""
    seen: dict[str, View] = {}
    for holder in (spec, *spec.all_templates):
        for metric in holder.mapping("metrics").items("prometheus"):
            name = metric.text("name")
            first = seen.setdefault(name, metric) if name else metric
            what = "" if first is metric else difference(first, metric)
            if what:
                yield Finding(
                    metric.value_span("name"),
                    f"another metric `{name}` has {what}: the controller keeps one of them, and reports an error for the other",
                    help="give them one shape, or names of their own",
                    related=[(first.value_span("name"), "the other one")],
                )


def difference(first: View, second: View) -> str:
    """In what two metrics of one name differ that cannot; "" when they may share it."""
    for key in KINDS:
        if (key in first) != (key in second):
            return "another type"
    if first.text("help") != second.text("help"):
        return "another `help`"
    names = [sorted(label.text("key") for label in one.items("labels")) for one in (first, second)]
    return "other labels" if names[0] != names[1] else ""
