"""RBA302."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import subjects
from argolint.model.view import View
from argolint.project.index import is_literal, suggest
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA302", "undefined-subject", on="object", kinds=("RoleBinding", "ClusterRoleBinding"), severity="error",
    fix="unsafe", cross_file=True,
)  # fmt: skip
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """A subject is almost, but not quite, a service account of the repository: by name, namespace or kind."""
    home = binding.namespace if binding.kind == "RoleBinding" else ""
    for subject in subjects(binding):
        name, kind = subject.text("name"), subject.text("kind")
        if not is_literal(name) or name == "default":
            continue
        if kind == "User" and ctx.index.find("ServiceAccount", name, home):
            span = subject.value_span("kind")
            yield Finding(
                span,
                f"`{name}` is a service account; as a User it is somebody else, and the account gets nothing",
                help="write `kind: ServiceAccount`, with its namespace and without an apiGroup",
                fix=replace(span, "ServiceAccount") if "apiGroup" not in subject else None,
            )
        elif kind == "ServiceAccount":
            yield from _account(subject, name, home, ctx)


def _account(subject: View, name: str, home: str, ctx: Context) -> Iterator[Finding]:
    namespace = subject.text("namespace") or home
    if "{{" in namespace or ctx.index.find("ServiceAccount", name, namespace):
        return
    anywhere = ctx.index.find("ServiceAccount", name)
    if anywhere:
        other = anywhere[0].namespace
        span = subject.value_span("namespace") if "namespace" in subject else subject.value_span("name")
        yield Finding(
            span,
            f"service account `{name}` is in namespace `{other}`, not in `{namespace}`",
            help=f"write `namespace: {other}`",
            related=[(Elsewhere(anywhere[0].path, *anywhere[0].span), "the account is here")],
            fix=replace(span, other) if "namespace" in subject else None,
            severity=None if other == home else "warning",
        )
        return
    near = suggest(name, ctx.index.names("ServiceAccount", namespace))
    if near:
        yield Finding(
            subject.value_span("name"),
            f"service account `{name}` is not among the manifests",
            help=f"did you mean `{near}`?",
            fix=replace(subject.value_span("name"), near),
        )
