"""STR204."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR204", "on-exit-and-exit-hook", on="spec", severity="warning", keys=("onExit",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`onExit` and a hook `exit` at one level: only one of them runs."""
    holders: list[View] = [spec]
    for template in spec.all_templates:
        holders += [step for step in template.children if "onExit" in step]
    for holder in holders:
        if holder.get("onExit") not in (None, "") and holder.mapping("hooks").get("exit") is not None:
            yield Finding(
                holder.mapping("hooks").key_span("exit"),
                "there is an `onExit` beside this hook: only one of them runs",
                help="keep the hook; `onExit` is its old form",
                related=[(holder.key_span("onExit"), "the other")],
            )
