"""CFG111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import setting
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CFG111", "invalid-template-referencing", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A restriction that is misspelt restricts nothing."""
    found = setting(obj, ctx, "workflowRestrictions")
    if found is None:
        return
    view = found.view()
    value = view.get("templateReferencing")
    if value is not None and value not in ("Strict", "Secure"):
        yield Finding(
            found.at(view.value_span("templateReferencing")),
            f"`{value}` is neither `Strict` nor `Secure`: nothing is restricted",
            help="write `Strict` (workflows must refer to a template) or `Secure` (and it must not change meanwhile)",
        )
