"""RBA203."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import DEFAULT_ACCOUNT
from argolint.analysis.rbac_least import new_account
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "RBA203",
    "service-account-in-other-namespace",
    on="spec",
    severity="error",
    fix="unsafe",
    cross_file=True,
    keys=("serviceAccountName",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow runs as an account that the tree has in another namespace only."""
    if not ctx.namespace:
        return
    views: list[View] = [spec, spec.mapping("executor"), *spec.all_templates]
    views += [template.mapping("executor") for template in spec.all_templates]
    for view in views:
        name = view.text("serviceAccountName")
        if (
            not is_literal(name)
            or name == DEFAULT_ACCOUNT
            or ctx.index.find("ServiceAccount", name, ctx.namespace)
        ):
            continue
        anywhere = ctx.index.find("ServiceAccount", name)
        if anywhere:
            yield Finding(
                view.value_span("serviceAccountName"),
                f"service account `{name}` is in namespace `{anywhere[0].namespace}`, and this runs in `{ctx.namespace}`",
                help=f"make an account of that name in `{ctx.namespace}`: pods cannot use accounts of other namespaces",
                fix=new_account(name, ctx.namespace, ctx) or None,
                related=[(Elsewhere(anywhere[0].path, *anywhere[0].span), "the account is here")],
            )
