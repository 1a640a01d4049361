"""SEC138."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC138", "open-server", on="object", severity="warning", kinds=("Deployment",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The Argo server lets in everybody."""
    for container in obj.mapping("spec").mapping("template").mapping("spec").items("containers"):
        words = [item for key in ("command", "args") for item in container.sequence(key)]
        if "server" not in words or "argo" not in f"{container.text('image')} {container.text('name')}":
            continue
        for index, word in enumerate(container.sequence("args")):
            value = str(word)
            if value in ("--auth-mode=server", "--secure=false") or (
                value == "server" and index and container.sequence("args")[index - 1] == "--auth-mode"
            ):
                what = (
                    "serves without TLS"
                    if value == "--secure=false"
                    else "lets everybody act as the server's account"
                )
                yield Finding(
                    container.item_span("args", index),
                    f"`{value}` {what}",
                    help="use `--auth-mode=client` or `sso`",
                )
