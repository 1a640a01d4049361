"""STR129."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule

LABEL = lazy(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
KEY = lazy(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


@rule("STR129", "invalid-pod-gc-selector", on="spec", severity="error", keys=("podGC",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`podGC.labelSelector` is no label selector."""
    selector = spec.mapping("podGC").mapping("labelSelector")
    labels = selector.mapping("matchLabels")
    for key, value in labels.map.items():
        if not KEY.fullmatch(str(key)):
            yield Finding(
                labels.key_span(key), f"`{key}` is not a label", help="letters, digits, `-`, `_` and `.`"
            )
        if isinstance(value, str) and value and not LABEL.fullmatch(value):
            yield Finding(
                labels.value_span(key),
                f"`{value}` is not the value of a label",
                help="letters, digits, `-`, `_` and `.`, at most 63",
            )
    for one in selector.items("matchExpressions"):
        operator = one.text("operator")
        values = one.sequence("values")
        if not KEY.fullmatch(one.text("key")):
            yield Finding(
                one.value_span("key"), "this requirement has no label as its `key`", help="name a label"
            )
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            yield Finding(
                one.value_span("operator"),
                f"`{operator}` is not an operator of label selectors",
                help="use In, NotIn, Exists or DoesNotExist",
            )
        elif operator in ("In", "NotIn") and not values:
            yield Finding(one.value_span("operator"), f"`{operator}` needs `values`", help="list them")
        elif operator in ("Exists", "DoesNotExist") and values:
            yield Finding(one.key_span("values"), f"`{operator}` takes no `values`", help="remove them")
