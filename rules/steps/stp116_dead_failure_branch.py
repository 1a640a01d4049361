"""STP116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key

_TEST = lazy(
    r"""steps(?:\.|\[['"])(?P<name>[\w-]+)(?:['"]\])?\.status\s*(?:\}\})?["']?\s*==\s*["']?(?P<phase>Failed|Error)\b"""
)


@rule("STP116", "dead-failure-branch", on="steps", severity="warning", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A later group tests that a step failed, but without `continueOn` the template fails before it gets there."""
    for step in steps:
        when = step.when
        if ".status" not in when or "||" in when:
            continue
        for match in _TEST.finditer(when):
            target, field = steps.named(match["name"]), "failed" if match["phase"] == "Failed" else "error"
            if (
                target is None
                or target.group >= step.group
                or target.mapping("continueOn").get(field) is True
            ):
                continue
            yield Finding(
                ctx.part(step, "when", match.start(), match.end()),
                f"{step.label} waits for `{target.name}` to end as {match['phase']}, but then the template fails before it gets here",
                help=f"give `{target.name}` `continueOn: {{{field}: true}}`, or use an exit hook of it",
                related=[(target.name_span, f"`{target.name}` has no `continueOn.{field}`")],
                fix=None
                if "continueOn" in target
                else add_key(ctx.source, target.map, "continueOn", f"{{{field}: true}}"),
            )
