"""SCH104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.repairs import of_type
from argolint.analysis.structure import is_written_here, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_STEP = lazy(r"\.steps\[\d+\]\[\d+\]\Z")


@rule("SCH104", "wrong-type", on="object", severity="error", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A value of a type that its field does not take."""
    for problem, span in of_kind(obj, ctx.argo_version, "wrong-type"):
        args = problem.args
        if args["code"] == "a":
            continue  # a list or mapping as a parameter's value: SCH115 says more
        if args["found"] == "a list" and _STEP.search(span.where):
            continue  # one dash too many: STP103 says more
        text = args["lossless"]
        help_text = args["why"]
        if text is not None:
            help_text = f"write {text}" if text[0] == '"' else f"write {text} without quotes"
        elif not help_text:
            help_text = of_type(problem.key, args["expected"], problem.container[problem.key])
        what = f"item {problem.key}" if isinstance(problem.key, int) else f"`{problem.key}`"
        yield Finding(
            span,
            f"{what} is {args['expected']}, not {args['found']}",
            help=help_text,
            fix=replace(span, text) if text is not None and is_written_here(problem) else None,
        )
