"""RBA117."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from argolint.analysis.rbac import Grant, Need, grants_of
from argolint.analysis.rbac_controller import controller_needs, controllers_of
from argolint.analysis.rbac_grant import rule_added
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("RBA117", "missing-controller-permission", on="spec", severity="warning", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow uses something that the controller's role in the tree does not allow."""
    controllers = controllers_of(ctx.index)
    if not controllers:
        return
    grants = grants_of(ctx.index)
    seen: set[tuple[str, str]] = set()
    for at, group, resource, verbs, what in controller_needs(spec):
        for namespace, account in controllers:
            needs = [Need(account, group, resource, verb, ctx.namespace, "", "", at) for verb in verbs]
            lacking = [need.verb for need in needs if not grants.allows(namespace, account, need)]
            if lacking and (account, what) not in seen:
                seen.add((account, what))
                yield Finding(
                    at,
                    f"{what} needs the controller to {' and '.join(lacking)} `{resource}`, which its account `{account}` may not",
                    help=f"add to the controller's role: apiGroups [{group or chr(34) * 2}], resources [{resource}], verbs [{', '.join(lacking)}]",
                    fix=added(grants.of(namespace, account), group, resource, lacking, ctx),
                )


def added(
    held: Iterable[Grant], group: str, resource: str, verbs: list[str], ctx: Context
) -> list[Edit] | None:
    """The edit that adds a rule to a role of the controller that stands in the file at hand."""
    role = next((ctx.index.load(grant.role) for grant in held if grant.role.path == ctx.path), None)
    return rule_added(ctx.source, role, group, resource, verbs) or None if role is not None else None
