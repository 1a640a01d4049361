"""SEC110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

_GRAVE = (
    "/",
    "/etc",
    "/proc",
    "/root",
    "/var/run",
    "/run",
    "/var/lib/kubelet",
    "/var/lib/docker",
    "/dev",
    "/boot",
    "/home",
    "/sys",
)
_SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock", "podman.sock")


@rule(
    "SEC110",
    "host-path-volume",
    on="object",
    severity="warning",
    keys=("hostPath", "volumeMounts", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A pod mounts a directory of its node."""
    for setting in security.object_settings(obj, ctx):
        if setting.level != "pod":
            continue
        for volume in setting.view.items("volumes"):
            source = security.Setting(volume.mapping("hostPath"), "pod", setting.scalar)
            path = source.view.get("path")
            if not isinstance(path, str):
                continue
            plain = path.rstrip("/") or "/"
            socket = plain.endswith(_SOCKETS)
            yield Finding(
                source.span("path"),
                f"`{path}` is the container runtime of the node: whoever reaches it is root there"
                if socket
                else f"`{path}` is a directory of the node",
                help="use an emptyDir, a claim or an artifact",
                severity="error" if socket or plain in _GRAVE else None,
            )
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            names = {view.text("name") for holder in (spec, template) for view in holder.items("volumes")}
            for _, container in template.containers:
                for mount in container.items("volumeMounts"):
                    if mount.text("mountPath").endswith(_SOCKETS) and mount.text("name") not in names:
                        yield Finding(
                            mount.value_span("mountPath"),
                            "this mounts the container runtime of the node: whoever reaches it is root there",
                            help="build with rootless buildkit or buildah",
                        )
