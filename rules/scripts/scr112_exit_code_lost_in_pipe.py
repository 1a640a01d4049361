"""SCR112."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_PIPE = lazy(r"^[^\n#'\"]*?(?<!\|)\|(?!\|)\s*tee\b[^\n]*$", re.MULTILINE)


@rule("SCR112", "exit-code-lost-in-pipe", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A pipe hides that its first command failed."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if code.language != "sh" or "tee" not in text or "pipefail" in text or "PIPESTATUS" in text:
            continue
        words = [str(word) for key in ("command", "args") for word in code.container.sequence(key)]
        match = _PIPE.search(text)
        if match is None or "pipefail" in words or re.match(r"\s*(?:echo|printf|cat)\b", match.group()):
            continue
        rest = [
            line
            for line in text[match.end() :].splitlines()
            if line.strip() and not line.strip().startswith("#")
        ]
        strict = re.search(r"^\s*set\s+-[a-z]*e", text, re.MULTILINE) is not None or any(
            re.match(r"-[a-z]*e[a-z]*$", word) for word in words
        )
        if rest and not strict:
            continue  # a failure in the middle is not looked at anyway
        yield Finding(
            code.scalar.part(*match.span()),
            "the exit code of this pipe is that of `tee`: the step succeeds when the command in front fails",
            help="run it by bash and begin with `set -o pipefail`",
        )
