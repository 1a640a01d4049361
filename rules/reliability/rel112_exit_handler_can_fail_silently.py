"""REL112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategy_of
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "REL112",
    "exit-handler-can-fail-silently",
    on="spec",
    severity="info",
    default=False,
    keys=("onExit", "hooks"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The exit handler is not retried: what it was to clean up or to tell is lost when it fails."""
    for reference in spec.references():
        if reference.step is not None or not reference.local:
            continue
        if reference.how != "onExit" and not (
            reference.how == "hook" and reference.where.endswith("hooks.exit")
        ):
            continue
        handler = spec.template_named(reference.local)
        if handler is None or handler.children or strategy_of(handler).map:
            continue
        yield Finding(
            reference.name_span,
            f"exit handler `{handler.name}` has no retryStrategy: one hiccup and it is not done",
            help="give the template a `retryStrategy`",
            related=[(handler.name_span, "the handler")],
        )
