"""STP301."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import closed_dashes
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Seq


@rule("STP301", "ragged-dash-style", on="steps", severity="info", fix="safe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """The dashes of a group stand apart: `-   - name`, or on two lines."""
    raw = steps.raw
    if not isinstance(raw, Seq) or raw.flow:
        return
    text = ctx.source.text
    for i, group in enumerate(raw):
        if not isinstance(group, Seq) or group.flow or i in raw.aliases or not group:
            continue
        start = raw.at[i][0]
        before = text[max(0, start - 200) : start]
        outer = before.rstrip(" \r\n")
        gap = before[len(outer) :]
        if not outer.endswith("-") or gap == " " or not gap or outer[-2:-1] not in (" ", "\n", ""):
            continue
        yield Finding(
            steps.item_span(i).at(start, start + 1),
            "the two dashes of a group are apart" + (", on two lines" if "\n" in gap else ""),
            help="write `- - name:` for the first step of a group and `  - name:` for those beside it",
            fix=closed_dashes(ctx.source, start - len(gap), start, group.span[1]),
        )
