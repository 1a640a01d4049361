"""CFG114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import setting
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule

SCOPES = (
    "workflow", "pod", "pod-logs", "event-source-logs", "sensor-logs", "workflow-list", "cron-workflow", "workflow-template",
    "cluster-workflow-template", "chat",
)  # fmt: skip


@rule("CFG114", "invalid-link", on="object", severity="warning", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A link of the user interface that is not shown, or stops the server."""
    found = setting(obj, ctx, "links")
    if found is None or not isinstance(found.value, list):
        return
    for number, item in enumerate(found.value):
        view = View(item, f"links[{number}]")
        scheme, separator, _ = view.text("url").partition("://")
        if separator and scheme.lower() not in ("http", "https"):
            yield Finding(
                found.at(view.value_span("url")),
                f"links of the scheme `{scheme}` are not allowed: the server refuses its configuration",
                help="use http or https; ALLOWED_LINK_PROTOCOL of the server allows more",
            )
        scope = view.text("scope")
        if scope and scope not in SCOPES:
            yield Finding(
                found.at(view.value_span("scope")),
                f"no page of the user interface shows links of the scope `{scope}`",
                help=f"scopes are {', '.join(SCOPES)}",
            )
