"""REL124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("REL124", "constant-memoize-key", on="template", severity="warning", keys=("memoize",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The cache key does not depend on the inputs: every call gets the first one's outputs."""
    memoize = template.mapping("memoize")
    key = memoize.text("key")
    if not key or "{{" in key:
        return
    names = [item.name for item in (*template.inputs.parameters, *template.inputs.artifacts) if item.name]
    if names:
        yield Finding(
            memoize.value_span("key"),
            f"the cache key is always `{key}`, whatever the inputs are: all calls get the outputs of the first",
            help=f"put the inputs into it: `{key}-{{{{inputs.parameters.{names[0]}}}}}`"
            if template.inputs.parameters
            else "put something into it that tells the inputs apart",
        )
