"""YML201."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis.plainvalues import plain_texts
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace

_WORD = lazy(r"[\s:,\[-](?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)\s*(?:$|[,\]}#])", re.MULTILINE)


@rule("YML201", "implicit-boolean", on="object", severity="warning", fix="unsafe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`yes`, `no`, `on`, `off`, `y` or `n` without quotes is a boolean, and arrives as `true` or `false`."""
    if not obj.is_workflow_kind or _WORD.search(ctx.source.text, *obj.map.span) is None:
        return
    for found in plain_texts(obj, ctx.source):
        if isinstance(found.value, bool) and found.written.lower() not in ("true", "false"):
            yield Finding(
                found.span,
                f"`{found.written}` without quotes is a boolean: the workflow gets `{str(found.value).lower()}`",
                help=f"write {quote(found.written)}, or `{str(found.value).lower()}` if that is meant",
                fix=replace(found.span, quote(found.written)),
            )
