"""SCH103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import keeps_unknown_fields, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.workflow import TEMPLATE_TYPES
from argolint.rule import Finding, rule


@rule("SCH103", "misplaced-field", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that exists, at another level."""
    for problem, span in of_kind(obj, ctx.argo_version, "misplaced-field"):
        places = problem.args["places"]
        where = f"it belongs to {places[0]}" if places[0][0] != "`" else f"write {places[0]}"
        others = f"; or to {places[1]}" if len(places) > 1 and places[1][0] != "`" else ""
        help_ = f"move `{problem.key}`{others}" if where.startswith("it") else f"{where} instead"
        if problem.args["owner"] in ("a step", "a DAG task") and problem.key in TEMPLATE_TYPES:
            called = any(problem.container.get(key) for key in ("template", "templateRef", "inline"))
            caller = problem.args["owner"].rpartition(" ")[2]
            if not called:
                help_ = f"put it under `inline`, or into a template that the {caller} names with `template`"
        yield Finding(
            span,
            f"{problem.args['owner']} has no field `{problem.key}`; {where}",
            help=help_,
            severity="warning" if keeps_unknown_fields(obj) else None,
        )
