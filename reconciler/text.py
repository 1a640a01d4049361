"""Making foreign text fit for a terminal, a log line and a Markdown table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Bidirectional overrides and isolates: they make text read as something that it is not.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")
_SHORT_SECRET = 4


def clean(text: str, *, limit: int = 0) -> str:
    """`text` on one line, with control, bidirectional and undecodable characters written as escapes.

    With `limit`, at most that many characters, the last one an ellipsis.
    """
    out = "".join(_visible(char) for char in text)
    return out[: limit - 1] + "…" if limit and len(out) > limit else out


def clean_lines(text: str) -> str:
    """Like `clean`, but line breaks and tabs stay."""
    return "\n".join("\t".join(clean(cell) for cell in line.split("\t")) for line in text.split("\n"))


def markdown(text: str) -> str:
    """`text` for a Markdown cell: cleaned, with markup and mentions made inert."""
    return _MARKDOWN.sub(r"\\\1", clean(text)).replace("@", "@\u200b").replace("::", ":\u200b:")


def code(text: str) -> str:
    """`text` as inline code in Markdown; the fence is longer than any run of backticks inside."""
    inner = clean(text).replace("|", "\\|")
    runs = [len(run) for run in re.findall(r"`+", inner)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if inner.startswith("`") or inner.endswith("`") else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret replaced; very short values are left, since they would hide ordinary words."""
    for secret in secrets:
        if len(secret) >= _SHORT_SECRET:
            text = text.replace(secret, "[redacted]")
    return text


def redact_url(url: str) -> str:
    """`url` without a password and without a query string, which may carry a token."""
    url = url.split("?", 1)[0]
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:[redacted]@", url)


def _visible(char: str) -> str:
    code_point = ord(char)
    if 0xDC80 <= code_point <= 0xDCFF:
        return f"\\x{code_point - 0xDC00:02x}"
    if char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
        return f"\\x{code_point:02x}" if code_point < 0x100 else f"\\u{code_point:04x}"
    return char
