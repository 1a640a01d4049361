"""REL117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies, whole
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL117", "retry-number-not-whole", on="spec", severity="error", keys=("retryStrategy",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`limit` and `factor` are whole numbers, also when written as strings."""
    for strategy, label, _ in strategies(spec):
        places: list[tuple[View, str]] = [(strategy, "limit"), (strategy.mapping("backoff"), "factor")]
        for view, key in places:
            text = view.text(key)
            if not text or "{{" in text:
                continue
            number = whole(text)
            if number is None:
                yield Finding(
                    view.value_span(key),
                    f"`{key}` of {label} is `{text}`, which is no whole number: the first failure ends in an error",
                    help='write a number such as `"3"`',
                )
        limit = whole(strategy.get("limit"))
        if limit is not None and limit < 0:
            yield Finding(
                strategy.value_span("limit"),
                f"`limit` of {label} is negative: there is no retry",
                help="give the number of retries, or delete the retryStrategy",
                severity="warning",
            )
