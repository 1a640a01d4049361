"""CFG104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import artifact_stores, repositories
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.rule import Finding, rule


@rule("CFG104", "endpoint-with-scheme", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An S3 endpoint is a host, not a URL."""
    if not ctx.source.mentions("endpoint"):
        return
    found: list[tuple[str, Span]] = []
    for spec in obj.workflow_specs:
        found += [
            (store.text("endpoint"), store.value_span("endpoint")) for store in artifact_stores(spec, "s3")
        ]
    for repository in repositories(obj, ctx) if obj.kind == "ConfigMap" else ():
        store: View = repository.view().mapping("s3")
        found.append((store.text("endpoint"), repository.at(store.value_span("endpoint"))))
    for endpoint, span in found:
        scheme, separator, host = endpoint.partition("://")
        if separator and scheme in ("http", "https"):
            insecure = " and `insecure: true`" if scheme == "http" else ""
            yield Finding(
                span,
                f"`{endpoint}` is a URL; the S3 client takes a host and perhaps a port",
                help=f"write `endpoint: {host.strip('/')}`{insecure}",
            )
