"""SCR125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR125", "unended-here-document", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """No line ends a here document of a shell script."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if code.language != "sh" or "<<" not in text:
            continue
        for document, (start, end) in scripts.scan_shell(text).open_documents:
            word = document.delimiter
            if start < 0:
                yield Finding(
                    code.scalar.part(document.start, document.end),
                    f"no line `{word}` ends this here document: it takes in the rest of the script",
                    help=f"put `{word}` on a line of its own behind it",
                )
                continue
            line = text[start:end]
            before = line[: len(line) - len(line.lstrip())]
            side = "in front of" if before else "behind"
            where = "in the first column of the script" if before else "with nothing behind it"
            yield Finding(
                code.scalar.part(start, end),
                f"blanks {side} `{word}` keep it from ending the here document, which takes in the rest of the script",
                help=f"write `{word}` {where}"
                + (
                    "; `<<-` strips tabs only"
                    if document.dash or "\t" not in before
                    else f", or `<<-{word}` for tabs"
                ),
            )
