"""SCH108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.schema import KINDS


@rule("SCH108", "missing-object-name", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object that has neither name nor generateName."""
    if obj.embedded or obj.kind not in KINDS or not obj.api_version:
        return
    metadata = obj.metadata
    if metadata.get("name") or metadata.get("generateName"):
        return
    submitted = obj.kind == "Workflow"
    yield Finding(
        obj.key_span("metadata"),
        f"this {obj.kind} has no name",
        help="add `name`, or for a Workflow that is submitted again and again `generateName`",
        # `argo submit --name` and `--generate-name` can name a Workflow; nothing names a template.
        severity="warning" if submitted else None,
    )
