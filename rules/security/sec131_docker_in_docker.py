"""SEC131."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_DIND = lazy(r"(?:^|/)docker:[^/]*dind|/dind(?::|$)")


def _has_daemon(template: Template, container: View) -> bool:
    """Whether the client has a daemon to talk to: the node's, one elsewhere, or a sidecar."""
    return (
        any(mount.text("mountPath").endswith("docker.sock") for mount in container.items("volumeMounts"))
        or any(env.text("name") == "DOCKER_HOST" for env in container.items("env"))
        or any(role == "sidecar" for role, _ in template.containers)
    )


@rule("SEC131", "docker-in-docker", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A sidecar runs a Docker daemon."""
    for role, container in template.containers:
        image = container.text("image")
        if role not in ("sidecar", "init", "containerSet", "main") or not _DIND.search(image):
            continue
        words = [
            word for key in ("command", "args") for word in container.sequence(key) if isinstance(word, str)
        ]
        if role == "main" and words[:1] == ["docker"] and not _has_daemon(template, container):
            yield Finding(
                container.value_span("image"),
                "this container runs the `docker` client: there is no daemon in it",
                help="run the daemon as a sidecar, or build with buildkit or buildah",
            )
            continue
        open_port = any(
            env.text("name") == "DOCKER_TLS_CERTDIR" and not env.get("value")
            for env in container.items("env")
        )
        if role != "main":
            yield Finding(
                container.value_span("image"),
                "a Docker daemon needs a privileged pod"
                + (", and this one listens without TLS" if open_port else ""),
                help="build with rootless buildkit or buildah",
            )
