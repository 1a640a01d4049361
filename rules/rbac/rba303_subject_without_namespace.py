"""RBA303."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import subjects
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule(
    "RBA303",
    "subject-without-namespace",
    on="object",
    kinds=("ClusterRoleBinding",),
    severity="error",
    fix="unsafe",
    cross_file=True,
)
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """A ServiceAccount subject of a ClusterRoleBinding has no namespace; the API server refuses it."""
    kustomized = any(fact.data.get("namespace") for fact in ctx.index.of_kind("Kustomization"))
    for subject in subjects(binding):
        if subject.text("kind") == "ServiceAccount" and subject.text("name") and not subject.get("namespace"):
            homes = {fact.namespace for fact in ctx.index.find("ServiceAccount", subject.text("name"))}
            home = homes.pop() if len(homes) == 1 else ""
            yield Finding(
                subject.value_span("name"),
                f"service account `{subject.text('name')}` has no namespace, which the API server requires of a subject",
                help=f"add `namespace: {home}`" if home else "add the account's `namespace`",
                severity="info" if kustomized else None,
                fix=add_key(ctx.source, subject.map, "namespace", home, after="name")
                if home and "namespace" not in subject
                else None,
            )
