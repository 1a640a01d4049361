"""SCR111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.analysis.concurrent import called
from argolint.analysis.steps import sibling_uses
from argolint.context import Context, Scalar
from argolint.patterns import lazy
from argolint.rule import Finding, place_in, rule

_PRINTS = {
    "python": lazy(
        r"print\s*\(|stdout|subprocess|os\.system|exec|import (?!os\b|sys\b|json\b|re\b|time\b|random\b|math\b|datetime\b)|logging"
    ),
    "node": lazy(r"console\.|stdout|require|import|exec"),
}


@rule("SCR111", "result-without-output", on="scalar", severity="warning", cross_file=True)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """The result of a script is used that prints nothing."""
    if "outputs.result" not in scalar.value and "outputs" not in scalar.value:
        return
    for read in sibling_uses(scalar):
        if read.use.path[2:4] != ("outputs", "result") or read.target is None:
            continue
        target = called(read.target, ctx, "script")
        if target is None:
            continue
        for code in scripts.codes(target.template, ctx):
            pattern = _PRINTS.get(code.language)
            if pattern is not None and not code.argument and not pattern.search(code.scalar.value):
                yield Finding(
                    scalar.part(read.use.start, read.use.end),
                    f"the result of `{read.name}` is empty: its script prints nothing",
                    related=[(place_in(target.path, code.scalar.span), "the script")],
                    help="the result is what the script writes to its standard output",
                )
