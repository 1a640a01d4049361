"""STR122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR122", "supplied-outside-suspend", on="template", severity="error", keys=("supplied",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An output that a person is to supply, on a template that does not wait for one."""
    if template.type in ("", "suspend", "plugin"):
        return
    for parameter in template.outputs.parameters:
        source = parameter.mapping("valueFrom")
        if "supplied" in source:
            yield Finding(
                source.key_span("supplied"),
                f"output `{parameter.name}` is `supplied`, but a `{template.type}` template does not wait for anybody",
                help="move it to a `suspend` template",
            )
