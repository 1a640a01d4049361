"""SCR123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR123", "empty-script", on="template", severity="warning", types=("script",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script template without a script."""
    body = template.body
    source = body.get("source")
    defaults = template.spec.template_defaults
    if source is not None and not (isinstance(source, str) and not source.strip()):
        return
    if not body.map or (defaults is not None and defaults.mapping("script").get("source")):
        return
    args = "args" in body
    if args and any(
        isinstance(word, str) and word.startswith("-") and "c" in word for word in body.sequence("command")
    ):
        return  # `sh -c` runs the text in `args`, and the empty file is only its name
    yield Finding(
        body.key_span("source") if "source" in body else template.key_span("script"),
        "this script has no `source`" + (": its `args` stand in front of an empty file" if args else ""),
        help="write it under `source`; a command line belongs to `container`",
    )
