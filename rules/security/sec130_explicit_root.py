"""SEC130."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "SEC130",
    "explicit-root",
    on="object",
    severity="warning",
    keys=("securityContext", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A container is told to run as root."""
    for setting in security.object_settings(obj, ctx):
        if "securityContext" not in setting.view:
            continue
        context = setting.inside("securityContext")
        user = context.view.get("runAsUser")
        if isinstance(user, int) and not isinstance(user, bool) and user == 0:
            yield Finding(
                context.span("runAsUser"), "user 0 is root", help="run as another user, such as 8737"
            )
        elif context.view.get("runAsNonRoot") is False:
            yield Finding(context.span("runAsNonRoot"), "`runAsNonRoot: false` allows root")
