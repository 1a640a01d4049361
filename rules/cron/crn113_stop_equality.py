"""CRN113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron.written import part
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

EQUALITY = lazy(r"cronworkflow\.(succeeded|failed)\s*(==)\s*\d+")


@rule("CRN113", "stop-equality", on="object", severity="warning", kinds=("CronWorkflow",), fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A stop strategy asks for an exact count, which may be jumped over."""
    strategy = obj.spec.mapping("stopStrategy")
    text = strategy.text("expression")
    for match in EQUALITY.finditer(text):
        span = strategy.value_span("expression")
        at = part(ctx.source, span, text, match.start(2), match.end(2))
        yield Finding(
            part(ctx.source, span, text, match.start(), match.end()),
            f"`{match.group(1)}` may pass this number between two looks, and the CronWorkflow then never stops",
            help="write `>=`",
            fix=replace(at, ">="),
        )
