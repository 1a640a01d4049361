"""SCH107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.schema import KINDS
from argolint.suggest import nearest
from argolint.yaml.edit import replace

ARGO = "argoproj.io"
# Kinds of other Argo projects, which share the group.
NEIGHBOURS = frozenset(
    {
        "AnalysisRun", "AnalysisTemplate", "AppProject", "Application", "ApplicationSet", "ArgoCD", "ArgoCDExport",
        "ClusterAnalysisTemplate", "Experiment", "NotificationsConfiguration", "Rollout", "RolloutManager",
    }
)  # fmt: skip


@rule("SCH107", "unknown-api-version", on="object", severity="error", fix="unsafe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An apiVersion that the kind is not served under, or a kind that its group does not have."""
    kind, version = obj.kind, obj.api_version
    entry = KINDS.get(kind)
    if entry is None:
        near = nearest(kind, [name for name, (api, _) in KINDS.items() if api.startswith(ARGO)])
        if obj.group == ARGO and kind and kind not in NEIGHBOURS and near and "{{" not in kind:
            at = obj.value_span("kind")
            yield Finding(
                at, f"`{ARGO}` has no kind `{kind}`", help=f"did you mean `{near}`?", fix=replace(at, near)
            )
        return
    right = entry[0]
    if not version or version == right or "{{" in version:
        return
    group, ours = obj.group, right.rpartition("/")[0]
    # Somebody else's group may have a kind of the same name, and older RBAC versions are a matter of deprecation.
    if group == ours and ours != ARGO and ours:
        return
    if group == ours or (ours and not group) or (ours and nearest(group, [ours])):
        at = obj.value_span("apiVersion")
        yield Finding(
            at, f"`{kind}` is not served as `{version}`", help=f"write `{right}`", fix=replace(at, right)
        )
