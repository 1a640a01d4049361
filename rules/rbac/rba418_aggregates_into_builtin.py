"""RBA418."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import permissions
from argolint.analysis.rbac_power import WRITES
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.nodes import plain


@rule("RBA418", "aggregates-into-builtin", on="object", severity="warning", kinds=("ClusterRole",))
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A broad role is added to view, edit or admin for everybody who has these."""
    held = permissions(plain(role.get("rules")))
    wide = [p for p in held if "*" in p.verbs | p.resources or (p.resources & {"secrets", "pods/exec"})]
    writes = [p for p in held if p.verbs & WRITES]
    labels = role.labels
    for name in ("view", "edit", "admin"):
        key = f"rbac.authorization.k8s.io/aggregate-to-{name}"
        if labels.get(key) == "true" and (wide or (name == "view" and writes)):
            what = "writing" if name == "view" and writes and not wide else "a broad grant"
            yield Finding(
                labels.key_span(key),
                f"this adds {what} to the role `{name}`, for everybody who has it in any namespace",
                help="take the label away, or the rules that go too far",
            )
