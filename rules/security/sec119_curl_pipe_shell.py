"""SEC119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_PIPE = lazy(
    r"\b(?:curl|wget)\b[^\n;&]*\|\s*(?:sudo\s+)?(?:ba|da|z|a)?sh\b|\b(?:ba|z)?sh\s+(?:-c\s+)?[\"']?(?:<\(|\$\()\s*(?:curl|wget)\b[^\n]*"
)


@rule("SEC119", "curl-pipe-shell", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script runs what it has just downloaded."""
    for code in scripts.codes(template, ctx):
        if code.language != "sh" or ("curl" not in code.scalar.value and "wget" not in code.scalar.value):
            continue
        match = _PIPE.search(code.scalar.value)
        if match is not None:
            yield Finding(
                code.scalar.part(*match.span()),
                "what this downloads is run unseen, and half of it when the connection breaks",
                help="put the program into an image, or check its digest before you run it",
            )
