"""SEC137."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_TRACE = lazy(r"^\s*set\s+-[a-wyz]*x[a-z]*\b|^\s*set\s+-o\s+xtrace", re.MULTILINE)
_DUMP = lazy(r"^\s*(?:env|printenv)\s*$", re.MULTILINE)


@rule("SEC137", "secret-in-log", on="template", severity="warning", keys=("env",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script prints its secrets."""
    for code in scripts.codes(template, ctx):
        names = [
            env.text("name")
            for env in code.container.items("env")
            if env.mapping("valueFrom").get("secretKeyRef") is not None and env.text("name")
        ]
        if code.language != "sh" or not names:
            continue
        text = code.scalar.value
        trace = _TRACE.search(text)
        used = [name for name in names if re.search(rf"\$\{{?{re.escape(name)}\b", text)]
        if trace is not None and used:
            yield Finding(
                code.scalar.part(*trace.span()),
                f"`set -x` writes the value of `{used[0]}` to the log",
                help="remove it",
            )
        dump = _DUMP.search(text)
        if dump is not None:
            yield Finding(
                code.scalar.part(*dump.span()),
                f"this writes `{names[0]}` to the log with the whole environment",
            )
        for name in used:
            match = re.search(
                rf"^\s*(?:echo|printf)\s[^\n|>]*\$\{{?{re.escape(name)}\b[^\n|>]*$", text, re.MULTILINE
            )
            if match is not None:
                yield Finding(
                    code.scalar.part(*match.span()), f"this writes the value of `{name}` to the log"
                )
