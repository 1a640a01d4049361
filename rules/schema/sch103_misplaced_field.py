"""SCH103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import keeps_unknown_fields, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SCH103", "misplaced-field", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that exists, at another level."""
    for problem, span in of_kind(obj, ctx.argo_version, "misplaced-field"):
        places = problem.args["places"]
        where = f"it belongs to {places[0]}" if places[0][0] != "`" else f"write {places[0]}"
        others = f"; or to {places[1]}" if len(places) > 1 and places[1][0] != "`" else ""
        yield Finding(
            span,
            f"{problem.args['owner']} has no field `{problem.key}`; {where}",
            help=f"move `{problem.key}`{others}" if where.startswith("it") else f"{where} instead",
            severity="warning" if keeps_unknown_fields(obj) else None,
        )
