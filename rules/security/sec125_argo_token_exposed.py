"""SEC125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


@rule(
    "SEC125",
    "argo-token-exposed",
    on="object",
    severity="warning",
    keys=("volumeMounts", "projected", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A service account's token is mounted by hand."""
    for setting in security.object_settings(obj, ctx):
        if setting.level == "container":
            for mount in setting.view.items("volumeMounts"):
                if mount.text("mountPath").rstrip("/") == _PATH:
                    at = security.Setting(mount, "container", setting.scalar).span("mountPath")
                    yield Finding(at, "this mount replaces the token of the pod's account by hand")
            continue
        for volume in setting.view.items("volumes"):
            for source in volume.mapping("projected").items("sources"):
                token = source.mapping("serviceAccountToken")
                if "serviceAccountToken" in source and not token.get("audience"):
                    span, scalar = source.key_span("serviceAccountToken"), setting.scalar
                    yield Finding(
                        span if scalar is None else scalar.part(span.start, span.end),
                        "a token of the pod's account is handed to whatever mounts this volume",
                        help="name the account's own container, or give the token an `audience`",
                    )
