"""sprig: snake, kebab and camel case.

Source of behaviour: what sprig's snakecase, kebabcase and camelcase give, which is not what their names promise: dots and other
punctuation are kept, a number belongs to the word before it unless lower case follows (`http2xx` is `http_2xx`).
"""

from __future__ import annotations

import re

from argolint.patterns import lazy

_CONNECTORS = r"[-_\s]+"
_PUNCTUATION = r"[!-#%-*,-/:;?@\[-\]{}¡§«¶·»¿‐-‧‰-⁞、-〃]+"
_UPPER = r"[A-ZÀ-ÖØ-Þ]"
_LOWER = r"[^\W\d_A-ZÀ-ÖØ-Þ]"
# The last of several capitals belongs to the word that it begins: HTTPServer is HTTP and Server.
_WORD = lazy(
    rf"(?P<connector>{_CONNECTORS})|(?P<punct>{_PUNCTUATION})|(?P<upper>{_UPPER}{_LOWER}+|{_UPPER}+(?!{_LOWER})|{_UPPER}+(?={_UPPER}))"
    rf"|(?P<lower>{_LOWER}+)|(?P<number>\d+)|(?P<other>.[^\w\s\-!-#%-*,-/:;?@\[-\]{{}}]*)",
    re.DOTALL,
)
_LEAD = lazy(_CONNECTORS)


def _words(source: str) -> list[tuple[str, str]]:
    return [(str(match.lastgroup), match.group()) for match in _WORD.finditer(source)]


def joined(source: str, joint: str) -> str:
    """`FirstName` as `first_name` or `first-name`; connectors become `joint`, one for one."""
    words = [*_words(source), ("end", "")]
    made: list[str] = []
    at = 0

    def take() -> str:
        nonlocal at
        kind, text = words[at]
        at += 1
        made.append(joint * len(text) if kind == "connector" else text.lower() if kind == "upper" else text)
        return kind

    def take_numbers_and_letters() -> None:
        while words[at][0] in ("lower", "number"):
            take()

    def join() -> None:
        if words[at][0] not in ("end", "punct", "connector"):
            made.append(joint)

    while words[at][0] != "end":
        kind = take()
        if kind in ("connector", "punct"):
            continue
        if kind == "number":
            take_numbers_and_letters()
        elif words[at][0] == "number" and words[at + 1][0] == "lower":
            made.append(joint)
            take_numbers_and_letters()
        elif words[at][0] == "number":
            take()
        join()
    return "".join(made)


def pascal(source: str) -> str:
    """`http_server` as `HttpServer`; connectors at either end stay, of several between words all but one."""
    lead = _LEAD.match(source)
    start = lead.end() if lead else 0
    parts = re.split(f"({_CONNECTORS})", source[start:])
    made = [source[:start]]
    for index, part in enumerate(parts):
        if index % 2:
            made.append(part if index == len(parts) - 2 and not parts[-1] else part[:-1])
        else:
            capitals = re.match(rf"{_UPPER}*", part)
            count = capitals.end() if capitals else 0
            made.append(part[:1].upper() + part[1:count].lower() + part[max(count, 1) :])
    return "".join(made)
