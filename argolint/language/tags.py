"""Splits a text into raw pieces and `{{…}}` tags.

Source of behaviour: upstream's tag scanner. A tag runs from `{{` to the first `}}` behind it, whatever stands
between (quotes and braces mean nothing to it); it is an expression only when `=` follows `{{` at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Raw(NamedTuple):
    """Text that is no tag. `unclosed` is true for a tail that begins with a `{{` which nothing closes."""

    text: str
    start: int
    end: int
    unclosed: bool = False


class SimpleTag(NamedTuple):
    """`{{ body }}`: `name` is the trimmed body, `body` is as written; start and end include the braces."""

    name: str
    start: int
    end: int
    body: str

    @property
    def nested(self) -> tuple[str, str] | None:
        """For `{{outer{{inner}}`, the pair (outer, inner), inner being untrimmed; None for a plain tag."""
        index = self.body.rfind("{{")
        return (self.body[:index], self.body[index + 2 :]) if index > 0 else None


class ExprTag(NamedTuple):
    """`{{=source}}`: start and end include the braces, `source_start` is the offset behind the `=`."""

    source: str
    start: int
    end: int
    source_start: int


Piece = Raw | SimpleTag | ExprTag


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[Piece, ...]:
    """All pieces of `text` in order; together they cover it. An unclosed `{{` makes the rest a Raw marked so."""
    pieces: list[Piece] = []
    at = 0
    while True:
        opening = text.find("{{", at)
        if opening < 0:
            break
        closing = text.find("}}", opening + 2)
        if closing < 0:
            if opening > at:
                pieces.append(Raw(text[at:opening], at, opening))
            pieces.append(Raw(text[opening:], opening, len(text), True))
            return tuple(pieces)
        if opening > at:
            pieces.append(Raw(text[at:opening], at, opening))
        body = text[opening + 2 : closing]
        end = closing + 2
        if body.startswith("="):
            pieces.append(ExprTag(body[1:], opening, end, opening + 3))
        else:
            pieces.append(SimpleTag(body.strip(), opening, end, body))
        at = end
    if at < len(text):
        pieces.append(Raw(text[at:], at, len(text)))
    return tuple(pieces)


def has_tags(text: str) -> bool:
    """Whether anything in `text` opens a tag: the fast way to say that nothing has to be substituted."""
    return "{{" in text
