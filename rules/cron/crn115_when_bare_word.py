"""CRN115."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis.cron.written import part
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

TOKEN = lazy(
    r"""(?P<quoted>"[^"]*"|'[^']*')"""
    r"|(?P<expression>\{\{=.*?\}\})"
    r"|(?P<word>(?:\{\{[^}]*\}\}|[A-Za-z_])(?:\{\{[^}]*\}\}|[\w-])*)(?!\s*\()"
)
KEYWORDS = frozenset({"true", "false", "in", "IN"})


@rule("CRN115", "when-bare-word", on="object", severity="error", kinds=("CronWorkflow",), fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A word without quotes in a CronWorkflow's `when`, which is read as a variable."""
    spec = obj.spec
    text = spec.text("when")
    span = spec.value_span("when")
    mark = '"' if spec.style("when") == "'" else "'"
    for match in TOKEN.finditer(text):
        word = match.group("word")
        if not word or word in KEYWORDS or ("cronworkflow" in word and not word.startswith("{{")):
            continue
        if word.startswith("{{") and not re.search(r"cronworkflow\.name(space)?\b", word):
            continue
        at = part(ctx.source, span, text, match.start(), match.end())
        fixable = not spec.is_alias("when") and (spec.style("when") != "" or ctx.source.text[at[0]] != "{")
        yield Finding(
            at,
            f"`{word}` is read as a variable here: `when` of a CronWorkflow does not take bare words as strings",
            help=f"write {mark}{word}{mark}",
            fix=replace(at, f"{mark}{word}{mark}") if fixable else None,
        )
