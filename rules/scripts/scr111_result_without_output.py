"""SCR111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.analysis.steps import callee, sibling_uses
from argolint.context import Context, Scalar
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_PRINTS = {
    "python": lazy(
        r"print\s*\(|stdout|subprocess|os\.system|exec|import (?!os\b|sys\b|json\b|re\b|time\b|random\b|math\b|datetime\b)|logging"
    ),
    "node": lazy(r"console\.|stdout|require|import|exec"),
}


@rule("SCR111", "result-without-output", on="scalar", severity="warning", keys=("script",))
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """The result of a script is used that prints nothing."""
    if "outputs.result" not in scalar.value and "outputs" not in scalar.value:
        return
    for read in sibling_uses(scalar):
        if read.use.path[2:4] != ("outputs", "result") or read.target is None:
            continue
        target = callee(read.target)
        if target is None or target.type != "script":
            continue
        for code in scripts.codes(target, ctx):
            pattern = _PRINTS.get(code.language)
            if pattern is not None and not code.argument and not pattern.search(code.scalar.value):
                yield Finding(
                    scalar.part(read.use.start, read.use.end),
                    f"the result of `{read.name}` is empty: its script prints nothing",
                    related=[(code.scalar.span, "the script")],
                    help="the result is what the script writes to its standard output",
                )
