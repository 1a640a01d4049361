"""STP103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Seq


@rule("STP103", "triple-dash-step", on="steps", severity="error")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A group of steps holds another list: one dash too many."""
    for i, group in enumerate(steps.raw if isinstance(steps.raw, Seq) else ()):
        for item in group if isinstance(group, Seq) else ():
            if isinstance(item, Seq):
                yield Finding(
                    steps.item_span(i),
                    "a group of steps holds a list where a step belongs: one dash too many",
                    help="write `- - name:` for the first step of a group and `  - name:` for those beside it",
                )
                break
