"""REL123."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context
from argolint.language import tags
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_WHOLE = lazy(r"[a-zA-Z0-9][-a-zA-Z0-9]*\Z")
_BAD = lazy(r"[^-a-zA-Z0-9]+")


@rule("REL123", "invalid-memoize-key", on="template", severity="error", keys=("memoize",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A cache key with characters that the cache does not take."""
    memoize = template.mapping("memoize")
    key = memoize.text("key")
    if not key:
        return
    found = _BAD.search(key) if "{{" not in key else _outside(key)
    if found is not None:
        start, end = found.span()
        yield Finding(
            ctx.part(memoize, "key", start, end),
            f"`{found.group()}` may not stand in a cache key: letters, digits and `-` only",
            help="write `-` instead; look at the parameters too, whose values become part of the key",
        )
    elif "{{" not in key and not _WHOLE.match(key):
        yield Finding(
            memoize.value_span("key"), "a cache key starts with a letter or digit", help="drop the `-`"
        )


def _outside(key: str) -> re.Match[str] | None:
    """The first forbidden text outside the tags."""
    for piece in tags.split(key):
        if isinstance(piece, tags.Raw):
            found = _BAD.search(key, piece.start, piece.end)
            if found is not None:
                return found
    return None
