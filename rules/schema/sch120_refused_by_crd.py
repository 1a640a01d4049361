"""SCH120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import is_written_here, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("SCH120", "refused-by-crd", on="object", severity="warning", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`argo lint` accepts the value, an API server with the full CRDs does not."""
    for problem, span in of_kind(obj, ctx.argo_version, "refused-by-crd"):
        if problem.path == ("spec", "schedules"):
            continue  # an empty list of schedules: CRN103
        text = problem.args["lossless"]
        yield Finding(
            span,
            f"the API server refuses this `{problem.key}`: {problem.args['reason']}",
            help=f"write {text}"
            if text
            else "`argo lint` accepts it; `kubectl apply` and Git syncs fail on Argo 4",
            fix=replace(span, text) if text is not None and is_written_here(problem) else None,
        )
