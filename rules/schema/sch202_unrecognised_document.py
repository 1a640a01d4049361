"""SCH202."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, DocumentView
from argolint.rule import Finding, rule


@rule("SCH202", "unrecognised-document", on="document", severity="info", default=False)
def check(document: DocumentView, ctx: Context) -> Iterator[Finding]:
    """A document that is no Kubernetes object."""
    if document.map and not (document.get("kind") and document.get("apiVersion")):
        yield Finding(
            document.head,
            "this document has no `apiVersion` and `kind`, so nothing is checked in it",
            help="add them, or exclude the file",
        )
