"""REF145."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_NAME = (
    r"(?:(?:inputs|workflow|outputs)\.(?:parameters|artifacts)\.[\w.-]+|workflow\.(?:name|namespace|uid)"
    r"|(?:steps|tasks)\.[\w-]+\.(?:outputs\.[\w.-]+|status|ip))"
)
# What may stand before the bracket is looked at afterwards: a pattern that begins with it is slow to search for.
_SINGLE = lazy(rf"\{{\s*({_NAME})\s*\}}(?!\}})|\(\s*({_NAME})\s*\)")
_DOLLAR = lazy(rf"""(?m)(?:[:\[,-]\s*|=)(["']?)(\$\{{\{{\s*({_NAME})\s*\}}\}})\1\s*(?:[,\]#]|$)""")
_ROOTS = (
    "{inputs.",
    "{workflow.",
    "{steps.",
    "{tasks.",
    "(inputs.",
    "(workflow.",
    "(steps.",
    "(tasks.",
    "${{",
)


@rule("REF145", "wrong-braces", on="source", severity="warning", fix="unsafe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """A variable of Argo in the brackets of another tool: `{x}`, `${x}`, `$(x)` or `${{x}}`."""
    text = file.source.text
    if file.unrendered or "argoproj.io" not in text or not any(root in text for root in _ROOTS):
        return
    for match in _SINGLE.finditer(text):
        name = match[1] or match[2]
        before = text[max(match.start() - 2, 0) : match.start()]
        dollar = before.endswith("$") and before not in ("{$", "f$")
        if before.endswith(("{", "f")) or (match[2] and not dollar) or _is_comment(text, match.start()):
            continue
        span = Span(match.start() - dollar, match.end(), "")
        yield Finding(
            span,
            f"`{text[span.start : span.end]}` stays as it is: Argo fills in `{{{{{name}}}}}` only",
            help="use two braces on each side",
            fix=replace(span, f"{{{{{name}}}}}") if _quoted(text, span.start, span.end) else None,
        )
    for match in _DOLLAR.finditer(text) if "${{" in text else ():
        if _is_comment(text, match.start(2)):
            continue
        span = Span(match.start(2), match.end(2), "")
        yield Finding(
            span,
            f"the `$` stays in front of the value of `{match[3]}`",
            help="tags of Argo have no `$`",
            fix=replace(span, f"{{{{{match[3]}}}}}") if match[1] else None,
        )


def _is_comment(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at].lstrip()
    return line.startswith("#") or " #" in line


def _quoted(text: str, start: int, end: int) -> bool:
    """Whether a quote stands on both sides, so that a tag may begin and end there."""
    return text[start - 1 : start] in ('"', "'") and text[end : end + 1] == text[start - 1 : start]
