"""EVT137."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("EVT137", "incomplete-http-trigger", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An HTTP trigger without a URL, or with one that is none."""
    for trigger in triggers(obj):
        if trigger.type != "http":
            continue
        body = trigger.body
        url = body.get("url")
        written = {feed.dest for feed in events.feeds_of(trigger)}
        if not url and not written & {"url", "http.url"}:
            yield Finding(
                body.head if body.map else trigger.template.key_span("http"), "this HTTP trigger has no `url`"
            )
        elif isinstance(url, str) and url and is_literal(url) and not url.startswith(("http://", "https://")):
            yield Finding(
                body.value_span("url"), f"`{url}` is no URL: it begins with `http://` or `https://`"
            )
