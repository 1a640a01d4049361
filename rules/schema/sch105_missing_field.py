"""SCH105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SCH105", "missing-field", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that must be there is not."""
    if obj.parent is not None and obj.parent.kind != "ConfigMap":
        return  # a Sensor may fill it in, or only name an object that exists already, as a manifest does for `get`
    for problem, span in of_kind(obj, ctx.argo_version, "missing-field"):
        if problem.path in SAID_BY_OTHERS:
            continue
        # Before the full CRDs of 4.0 only names, and a repository to clone, were insisted on; the rest is what Argo writes itself.
        enforced = (ctx.argo_version >= (4, 0) and problem.key not in FORGIVEN) or problem.key in ALWAYS
        yield Finding(
            span,
            f"{problem.args['owner']} needs `{problem.key}`",
            help=f"add `{problem.key}`",
            severity=None if enforced else "warning",
        )


# What Argo's own validation asks for in every release.
ALWAYS = frozenset({"name", "repo"})

# Argo itself does without these: only an API server with the full CRDs insists on them.
FORGIVEN = frozenset({"realtime", "maxAge", "transformation"})

# An object without metadata has no name (SCH108); a CronWorkflow without schedules never runs (CRN103).
SAID_BY_OTHERS = frozenset({("metadata",), ("spec", "schedules"), ("spec", "schedule")})
