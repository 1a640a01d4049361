"""Values that start with `{{` and have no quotes, which YAML reads as mappings."""

from __future__ import annotations

import re

from argolint.text import SourceText

# After `key:` or `-`, up to the end of the line or a comment.
_VALUE = re.compile(r"(?:(?<=:)|^[ \t]*(?:- )*-) +(\{\{.*?\}\}.*?)[ \t]*(?:#.*)?$")
_LONGEST = 2000
# Inside brackets the value ends where a bracket or a comma follows its tags.
_IN_BRACKETS = re.compile(r"(?:\{\{.*?\}\}[^,\[\]{}]*)+")
_NO_BRACKETS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|\{\{.*?\}\}")


def unquoted_tag(source: SourceText, line: int) -> tuple[int, int] | None:
    """The span of the unquoted value on a line that starts with a whole tag, or None."""
    text = source.line_text(line)
    match = _VALUE.search(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    start, _ = source.line_span(line)
    end = match.end(1)
    before = _NO_BRACKETS.sub("", text[: match.start(1)])
    if before.count("{") + before.count("[") > before.count("}") + before.count("]"):
        value = _IN_BRACKETS.match(text, match.start(1))
        if value is not None:
            end = match.start(1) + len(value.group().rstrip())
    return start + match.start(1), start + end
