"""SCR109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_NO_ENTRYPOINT = lazy(
    r"(?:^|/)(?:alpine|busybox|debian|ubuntu|fedora|centos|python|golang|ruby|perl|amazonlinux)(?::|@|$)"
)


@rule("SCR109", "missing-interpreter", on="template", severity="warning", types=("script",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script does not say what runs it."""
    body = template.body
    defaults = template.spec.template_defaults
    if body.get("command") or not _NO_ENTRYPOINT.search(body.text("image")):
        return
    if defaults is not None and defaults.mapping("script").get("command"):
        return
    yield Finding(
        body.key_span("source"),
        f"nothing runs this script: it has no `command`, and `{body.text('image')}` has no entrypoint",
        help="add `command: [sh]`, or the interpreter that it is written for",
    )
