"""CST107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.gitops import json_size
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

LIMIT = 1048576  # bytes of the Workflow object, spec and status (upstream: compression is tried above that; etcd takes 1.5 MiB)


@rule("CST107", "object-too-large", on="object", severity="warning", options={"object-size-limit": LIMIT})
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object that comes near what the API server takes."""
    limit = ctx.option("object-size-limit")
    if not isinstance(limit, int) or obj.embedded or len(ctx.source.text) < limit // 4:
        return
    size = json_size(obj.map)
    if size > limit:
        yield Finding(
            obj.name_span,
            f"{obj.kind} `{obj.ref.name}` has {size} bytes as JSON, more than {limit}: the API server may refuse it, and a run has no room for its status",
            help="move templates to WorkflowTemplates, and data to ConfigMaps or artifacts",
        )
