"""Values that start with `{{` and have no quotes, which YAML reads as mappings."""

from __future__ import annotations

import re

from argolint.text import SourceText

# After `key:` or `-`, up to the end of the line or a comment.
_VALUE = re.compile(r"(?:(?<=:)|^[ \t]*(?:- )*-) +(\{\{.*?\}\}.*?)[ \t]*(?:#.*)?$")
_LONGEST = 2000


def unquoted_tag(source: SourceText, line: int) -> tuple[int, int] | None:
    """The span of the unquoted value on a line that starts with a whole tag, or None."""
    text = source.line_text(line)
    match = _VALUE.search(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    start, _ = source.line_span(line)
    return start + match.start(1), start + match.end(1)
