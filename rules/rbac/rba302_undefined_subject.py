"""RBA302."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import subjects
from argolint.project.index import suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA302", "undefined-subject", on="object", kinds=("RoleBinding", "ClusterRoleBinding"), severity="error",
    fix="unsafe", cross_file=True,
)  # fmt: skip
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """A subject is almost, but not quite, a service account of the repository."""
    for subject in subjects(binding):
        name = subject.text("name")
        namespace = subject.text("namespace") or (binding.namespace if binding.kind == "RoleBinding" else "")
        if subject.text("kind") != "ServiceAccount" or not name or name == "default":
            continue
        if ctx.index.find("ServiceAccount", name, namespace):
            continue
        near = suggest(name, ctx.index.names("ServiceAccount", namespace))
        if near:
            yield Finding(
                subject.value_span("name"),
                f"service account `{name}` is not among the manifests",
                help=f"did you mean `{near}`?",
                fix=replace(subject.value_span("name"), near),
            )
