"""CFG118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import artifact_stores, repositories
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.rule import Finding, rule


@rule("CFG118", "bucket-as-path", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A bucket is a name: no URL, and no folder in it."""
    if not ctx.source.mentions("bucket"):
        return
    found: list[tuple[str, Span]] = []
    for kind in ("s3", "gcs", "oss"):
        for spec in obj.workflow_specs:
            found += [
                (store.text("bucket"), store.value_span("bucket")) for store in artifact_stores(spec, kind)
            ]
        for repository in repositories(obj, ctx) if obj.kind == "ConfigMap" else ():
            store = repository.view().mapping(kind)
            found.append((store.text("bucket"), repository.at(store.value_span("bucket"))))
    for bucket, span in found:
        if "/" not in bucket or "{{" in bucket or "$" in bucket or "<" in bucket:
            continue
        name, _, folder = (
            bucket.partition("://")[2].partition("/") if "://" in bucket else bucket.partition("/")
        )
        rest = f", and put `{folder.strip('/')}/` in front of the key" if folder.strip("/") else ""
        yield Finding(
            span,
            f"`{bucket}` is no bucket's name: nothing is found there, and nothing can be stored",
            help=f"write `bucket: {name}`{rest}",
        )
