"""CRN114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron.written import part
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

TAG = lazy(r"\{\{\s*cronworkflow\.([\w./-]+)\s*\}\}")
STRINGS = ("name", "namespace")
PLAIN = ("failed", "succeeded", "lastScheduledTime")


@rule("CRN114", "when-non-string-tag", on="object", severity="error", kinds=("CronWorkflow",), fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A simple tag in a CronWorkflow's `when` names something that is not a string."""
    text = obj.spec.text("when")
    for match in TAG.finditer(text):
        name = match.group(1)
        if name in STRINGS:
            continue
        at = part(ctx.source, obj.spec.value_span("when"), text, match.start(), match.end())
        right = f"{{{{=cronworkflow.{name}}}}}"
        yield Finding(
            at,
            f"`cronworkflow.{name}` is not a string, so a simple tag cannot hold it",
            help=f"write `{right}`"
            if name in PLAIN
            else "use an expression tag: `{{=cronworkflow.labels['key']}}`",
            fix=replace(at, right) if name in PLAIN else None,
        )
