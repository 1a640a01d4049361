"""SCH121."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.context import Context, DocumentView
from argolint.model.view import View
from argolint.rule import Finding, rule

_KINDS = frozenset(
    {"Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding", "Sensor", "EventSource", "EventBus"}
)  # fmt: skip


@rule("SCH121", "missing-type", on="document", severity="warning")
def check(document: DocumentView, ctx: Context) -> Iterator[Finding]:
    """A document looks like an object of Argo's and does not say its `kind` or `apiVersion`."""
    if isinstance(document.root, list):
        yield from listed(document.root)
        return
    kind, version = document.text("kind"), document.text("apiVersion")
    if kind and version:
        return
    if kind:
        named = kind in _KINDS
    elif version:
        named = version.startswith("argoproj.io/")
    else:
        spec = document.mapping("spec")
        shaped = bool(spec.items("templates")) and "entrypoint" in spec
        named = bool(document.mapping("metadata").map) and (shaped or "workflowSpec" in spec)
    if named:
        missing = " and ".join(f"`{key}`" for key in ("apiVersion", "kind") if not document.text(key))
        yield Finding(
            document.head,
            f"this document has no {missing}, so its fields are checked against no schema",
            help="Kubernetes refuses it; `argo lint` passes it over without a word. Add `apiVersion: argoproj.io/v1alpha1` and the `kind`",
        )


def listed(root: list[Any]) -> Iterator[Finding]:
    """The finding about a list of objects that is not written as an object."""
    first = View(root[0]) if root else None
    if first is not None and first.text("apiVersion").startswith("argoproj.io/") and first.text("kind"):
        yield Finding(
            first.head,
            "a document is one object, this is a list of them, so nothing is checked in it",
            help="put `---` between the objects, or write `apiVersion: v1`, `kind: List` and them under `items`",
        )
