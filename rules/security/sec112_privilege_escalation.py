"""SEC112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "SEC112",
    "privilege-escalation",
    on="object",
    severity="warning",
    fix="safe",
    keys=("securityContext", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A container may gain more rights than it was started with."""
    for setting in security.object_settings(obj, ctx):
        if "securityContext" not in setting.view:
            continue
        context = setting.inside("securityContext")
        view = context.view
        if view.get("allowPrivilegeEscalation") is True and view.get("privileged") is not True:
            added = view.mapping("capabilities").sequence("add")
            yield Finding(
                context.span("allowPrivilegeEscalation"),
                "`allowPrivilegeEscalation: true` lets programs gain rights, by setuid for one",
                fix=replace(tuple(context.span("allowPrivilegeEscalation")[:2]), "false")
                if setting.scalar is None
                and not view.is_alias("allowPrivilegeEscalation")
                and "SYS_ADMIN" not in added
                else None,
            )
        if view.get("procMount") == "Unmasked":
            yield Finding(context.span("procMount"), "an unmasked `/proc` shows the kernel's settings")
        if view.mapping("seccompProfile").get("type") == "Unconfined":
            yield Finding(
                context.inside("seccompProfile").span("type"),
                "`Unconfined` lets the container make any system call",
            )
