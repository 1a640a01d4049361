"""RBA206."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.variables import uses_in
from argolint.context import Context, Scalar
from argolint.rule import Finding, rule


@rule("RBA206", "parameterised-service-account", on="scalar", severity="error", keys=("serviceAccountName",))
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """The account comes from a parameter: whoever submits picks the identity."""
    if scalar.key != "serviceAccountName" or scalar.spec is None:
        return
    for use in uses_in(scalar.value):
        if use.path[:2] in (("workflow", "parameters"), ("inputs", "parameters")) or use.root in (
            "item",
            "steps",
            "tasks",
        ):
            yield Finding(
                scalar.part(use.start, use.end),
                f"the account comes from `{use.text}`: whoever sets that runs as any account of the namespace",
                help="name the account; for several, make a template for each",
            )
