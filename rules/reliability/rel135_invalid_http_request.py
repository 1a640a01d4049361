"""REL135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})


@rule("REL135", "invalid-http-request", on="template", severity="error", types=("http",), fix="safe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An http template whose URL or method no client can use."""
    body = template.body
    url = body.text("url")
    if url and not url.startswith(("http://", "https://", "{{")) and "{{" not in url.partition("://")[0]:
        yield Finding(
            body.value_span("url"),
            f"`{url}` has no scheme: the request fails with “unsupported protocol scheme”",
            help="begin it with `https://` or `http://`",
        )
    method = body.text("method")
    if method and "{{" not in method and method not in METHODS:
        yield Finding(
            body.value_span("method"),
            f"`{method}` is no method of HTTP"
            + ("; methods are case-sensitive" if method.upper() in METHODS else ""),
            help=f"write `{method.upper()}`"
            if method.upper() in METHODS
            else f"methods are {', '.join(sorted(METHODS))}",
            severity="warning",
            fix=replace(body.value_span("method"), method.upper())
            if method.upper() in METHODS and not body.is_alias("method")
            else None,
        )
