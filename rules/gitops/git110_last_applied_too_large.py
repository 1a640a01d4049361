"""GIT110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.gitops import ANNOTATION_LIMIT, json_size
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "GIT110",
    "last-applied-too-large",
    on="object",
    severity="warning",
    options={"last-applied-limit": ANNOTATION_LIMIT},
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object that `kubectl apply` cannot note in its annotation."""
    limit = ctx.option("last-applied-limit")
    # JSON may be longer than YAML by its quotes, not four times as long.
    if not isinstance(limit, int) or obj.embedded or len(ctx.source.text) * 4 < limit or not obj.name:
        return
    size = json_size(obj.map)
    if size > limit:
        yield Finding(
            obj.name_span,
            f"{obj.kind} `{obj.name}` has {size} bytes; client-side apply keeps it in an annotation, which takes {limit}",
            help="apply it server-side (`kubectl apply --server-side`, Argo CD `ServerSideApply=true`), or split it",
        )
