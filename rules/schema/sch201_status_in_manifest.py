"""SCH201."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key

SERVER_FIELDS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


@rule(
    "SCH201",
    "status-in-manifest",
    on="object",
    severity="warning",
    fix="safe",
    keys=("status", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Fields that the cluster writes are committed."""
    if obj.embedded or not obj.api_version or not obj.kind:
        return
    if obj.get("status"):
        yield Finding(
            obj.key_span("status"),
            "`status` is written by the cluster, not by a manifest",
            help="delete it",
            fix=delete_key(ctx.source, obj.map, "status") if "status" not in obj.map.merged else None,
        )
    metadata = obj.metadata
    for field in SERVER_FIELDS:
        if metadata.get(field) is not None:
            yield Finding(
                metadata.key_span(field),
                f"`metadata.{field}` is written by the cluster, not by a manifest",
                help="delete it",
                fix=delete_key(ctx.source, metadata.map, field) if field not in metadata.map.merged else None,
            )
