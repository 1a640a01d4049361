"""SCR122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_POSITIONAL = lazy(r"\$(?:\{?[\d@*#]|\{[!#]?[\d@*])|\bgetopts\b|\bshift\b|\bfor \w+\s*(?:;|do)")


@rule("SCR122", "ignored-shell-arguments", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Words behind the script of `sh -c`, which does not read them."""
    for code in scripts.codes(template, ctx):
        if not code.argument or code.language != "sh" or _POSITIONAL.search(code.scalar.value):
            continue
        if "{{" in code.scalar.value.strip()[:2]:
            continue
        container = code.container
        args = container.sequence("args")
        places = [container.item_span("args", i) for i in range(len(args))]
        behind = [i for i, place in enumerate(places) if place.start > code.scalar.span.start]
        if len(behind) == len(args) and not _ends(container.sequence("command"), code.scalar.value):
            continue
        if not behind:
            continue
        yield Finding(
            container.item_span("args", behind[0]),
            f"the shell runs the one text behind `-c` and nothing else: `{args[behind[0]]}` is lost",
            help='write one text: `args: ["echo hello"]`; or read the words as `$0`, `$1`, …',
            related=[(code.scalar.span, "all that the shell runs")],
        )


def _ends(command: list[object], text: str) -> bool:
    """Whether the code is the last word of the command, so that all of `args` stand behind it."""
    return bool(command) and command[-1] == text
