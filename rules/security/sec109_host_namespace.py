"""SEC109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key


@rule(
    "SEC109",
    "host-namespace",
    on="object",
    severity="warning",
    fix="unsafe",
    keys=("hostNetwork", "hostPID", "hostIPC", "hostPort", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A pod shares the network, the processes or the IPC of its node."""
    for setting in security.object_settings(obj, ctx):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if setting.view.get(key) is True:
                yield Finding(
                    setting.span(key),
                    f"`{key}` puts the pod into its node's {'network' if key == 'hostNetwork' else 'processes' if key == 'hostPID' else 'IPC'}",
                    help="remove it",
                    fix=delete_key(ctx.source, setting.view.map, key)
                    if setting.scalar is None and key not in setting.view.map.merged
                    else None,
                )
        for port in setting.view.items("ports") if setting.level == "container" else ():
            if isinstance(port.get("hostPort"), int) and port.get("hostPort"):
                yield Finding(
                    security.Setting(port, "container", setting.scalar).span("hostPort"),
                    "`hostPort` opens a port of the node",
                )
