"""SCR101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.external.scripts import scripts_of
from argolint.external.tools import shellcheck
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR101", "shellcheck", on="template", severity="warning", default=False)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """What shellcheck says of a shell script, when it is installed."""
    for script in scripts_of(template, ctx):
        if script.language == "python":
            continue
        for remark in shellcheck(script.masked, script.language):
            if script.errexit and remark.code == "SC2164":
                continue  # a failing `cd` ends the script already
            yield Finding(
                script.scalar.part(remark.start, max(remark.end, remark.start + 1)),
                f"{remark.code}: {remark.message.rstrip('.')}",
                severity=remark.severity,
            )
