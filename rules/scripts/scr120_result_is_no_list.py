"""SCR120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.analysis.concurrent import called
from argolint.analysis.printed import not_json
from argolint.analysis.steps import sibling_uses
from argolint.context import Context, Scalar
from argolint.rule import Finding, place_in, rule


@rule("SCR120", "result-is-no-list", on="scalar", severity="error", cross_file=True)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A loop goes over the result of a script that does not print a JSON list."""
    text = scalar.value.strip()
    if scalar.key != "withParam" or not text.endswith(".outputs.result}}") or text.startswith("{{="):
        return
    for read in sibling_uses(scalar):
        target = called(read.target, ctx) if read.target is not None and not read.target.loops else None
        if target is None or read.use.path[2:4] != ("outputs", "result"):
            continue
        for code in scripts.codes(target.template, ctx):
            why = not_json(code.scalar.value, code.language)
            if why:
                yield Finding(
                    scalar.part(read.use.start, read.use.end),
                    f"the result of `{read.name}` is no JSON list: {why}",
                    related=[(place_in(target.path, code.scalar.span), "the script")],
                    help="print the list as JSON, and nothing else to the standard output",
                )
