"""SEC108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key


@rule(
    "SEC108",
    "privileged-container",
    on="object",
    severity="warning",
    fix="unsafe",
    keys=("securityContext", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A container runs privileged."""
    for setting in security.object_settings(obj, ctx):
        if "securityContext" not in setting.view:
            continue
        context = setting.inside("securityContext")
        if context.view.get("privileged") is True:
            yield Finding(
                context.span("privileged"),
                "a privileged container is root on its node",
                help="remove it; images can be built without, by rootless buildkit or buildah",
                fix=without_privilege(setting, ctx) if setting.scalar is None else None,
            )


def without_privilege(setting: security.Setting, ctx: Context) -> list[Edit] | None:
    """`privileged` taken out, and the context with it when there is nothing else in it; None when an anchor brings it."""
    context = setting.view.mapping("securityContext")
    if setting.view.is_alias("securityContext") or "privileged" in context.map.merged:
        return None
    if len(context.map) == 1:
        return delete_key(ctx.source, setting.view.map, "securityContext")
    return delete_key(ctx.source, context.map, "privileged")
