"""SCH109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.schema import KINDS

LABEL = lazy(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = lazy(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# How long a name may be where it is less than the API server's 253.
LIMITS = {
    "Workflow": 63,
    "WorkflowTemplate": 63,
    "ClusterWorkflowTemplate": 63,
    "CronWorkflow": 52,
    "Namespace": 63,
}
# RBAC names may hold almost anything: `system:node`.
FREE = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})


@rule("SCH109", "invalid-object-name", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A name that Kubernetes or Argo does not take."""
    if obj.kind not in KINDS:
        return
    yield from _namespace(obj)
    if obj.kind in FREE:
        return
    for field in ("name", "generateName"):
        name = obj.metadata.text(field)
        if not name or "{{" in name or "$" in name:
            continue
        at = obj.metadata.value_span(field)
        limit = LIMITS.get(obj.kind, 253)
        tested = name + "0" if field == "generateName" else name
        if not SUBDOMAIN.fullmatch(tested):
            yield Finding(
                at,
                f"`{name}` is not a name that Kubernetes takes",
                help="lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
            )
        elif len(name) > limit and field == "name":
            why = "; its runs add the time to it" if obj.kind == "CronWorkflow" else ""
            yield Finding(
                at,
                f"the name has {len(name)} characters; a {obj.kind} may have {limit}{why}",
                help="shorten it",
            )


def _namespace(obj: Object) -> Iterator[Finding]:
    """A namespace is a DNS label: no dots, 63 characters at most."""
    name = obj.metadata.text("namespace")
    if name and "{{" not in name and "$" not in name and not LABEL.fullmatch(name):
        yield Finding(
            obj.metadata.value_span("namespace"),
            f"`{name}` is not a namespace that Kubernetes takes",
            help="lower-case letters, digits and `-`, 63 at most, with a letter or digit at both ends",
        )
