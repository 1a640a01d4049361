"""RBA414."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import needs_of_account, only_namespaced
from argolint.context import Context
from argolint.model.k8s import WORKFLOW_KINDS, Object
from argolint.model.rbac import role_ref, subjects
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, replace


@rule(
    "RBA414",
    "cluster-binding-for-namespaced-need",
    on="object",
    severity="warning",
    kinds=("ClusterRoleBinding",),
    fix="unsafe",
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A ClusterRoleBinding gives a workflow's account rights in all namespaces, where it works in one."""
    reference = role_ref(role)
    found = ctx.index.find("ClusterRole", reference.text("name"))
    accounts = [subject for subject in subjects(role) if subject.text("kind") == "ServiceAccount"]
    if not found or len(accounts) != 1 or len(subjects(role)) != 1 or not only_namespaced(found[0]):
        return
    home, account = accounts[0].text("namespace"), accounts[0].text("name")
    known = needs_of_account(home, account, ctx.index) if home else None
    if known is None or not known[1] or any(need.namespace not in ("", home) for need in known[0]):
        return
    if not all(fact.kind in WORKFLOW_KINDS for fact in known[1]):
        return
    metadata = role.metadata
    fix = replace(role.value_span("kind"), "RoleBinding")
    fix += add_key(ctx.source, metadata.map, "namespace", home) if "namespace" not in metadata else []
    yield Finding(
        role.value_span("kind"),
        f"`{account}` gets these rights in every namespace, and all that runs as it is in `{home}`",
        help=f"make it a RoleBinding in `{home}`; it may refer to the same ClusterRole",
        fix=fix,
    )
