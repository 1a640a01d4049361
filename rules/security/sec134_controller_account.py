"""SEC134."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_ACCOUNTS = lazy(r"^(?:argo|argo-server|argo-events-sa|.*-?workflow-controller|argo-workflows-server)$")


@rule("SEC134", "controller-account", on="spec", severity="warning", keys=("serviceAccountName",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow runs as the account of the controller or of the server."""
    for view in (spec, *spec.all_templates):
        name = view.text("serviceAccountName")
        if name and _ACCOUNTS.match(name) and name != "argo-events-sa":
            yield Finding(
                view.value_span("serviceAccountName"),
                f"`{name}` is the account of Argo itself: every container of the workflow may do what the controller may",
                help="make an account for the workflow, with what its templates need",
            )
