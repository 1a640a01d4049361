"""Reads a pattern of Go's regexp package (RE2 syntax) and writes it as one of Python's.

Source of behaviour: the documentation of Go's regexp/syntax. Everything is spelt out: classes as ranges (Go's `\\d`, `\\w` and
`\\s` are ASCII, and `\\s` has no vertical tab), flags around what they change, anchors without Python's own habits.
"""

from __future__ import annotations

import re
from functools import lru_cache

Ranges = list[tuple[int, int]]

MAX_CODE = 0x10FFFF
MAX_REPEAT = 1000
MAX_DEPTH = 150
_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_PERL: dict[str, Ranges] = {
    "d": [(48, 57)],
    "w": [(48, 57), (65, 90), (95, 95), (97, 122)],
    "s": [(9, 10), (12, 13), (32, 32)],
}
_POSIX: dict[str, Ranges] = {
    "alnum": [(48, 57), (65, 90), (97, 122)], "alpha": [(65, 90), (97, 122)], "ascii": [(0, 127)], "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 31), (127, 127)], "digit": [(48, 57)], "graph": [(33, 126)], "lower": [(97, 122)], "print": [(32, 126)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)], "space": [(9, 13), (32, 32)], "upper": [(65, 90)],
    "word": [(48, 57), (65, 90), (95, 95), (97, 122)], "xdigit": [(48, 57), (65, 70), (97, 102)],
}  # fmt: skip
# Scripts, by how the names of their characters begin.
_SCRIPTS = {
    "Arabic": "ARABIC", "Armenian": "ARMENIAN", "Bengali": "BENGALI", "Cyrillic": "CYRILLIC", "Devanagari": "DEVANAGARI",
    "Georgian": "GEORGIAN", "Greek": "GREEK", "Han": "CJK UNIFIED", "Hangul": "HANGUL", "Hebrew": "HEBREW", "Hiragana": "HIRAGANA",
    "Katakana": "KATAKANA", "Latin": "LATIN", "Tamil": "TAMIL", "Thai": "THAI",
}  # fmt: skip
_COUNT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_NAMED = re.compile(r"\(\?P?<(\w+)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_CLASS_NAME = re.compile(r"\[:(\^?)(\w+):\]")
_PROPERTY = re.compile(r"\\[pP](?:\{(\^?)(\w+)\}|(\w))")


class Unsupported(ValueError):
    """A pattern that Go does not compile; its message is Go's."""

    def __init__(self, what: str, part: str) -> None:
        super().__init__(f"error parsing regexp: {what}: `{part}`")


def translate(pattern: str) -> str:
    """The Python pattern, to be compiled without flags, that matches what the Go pattern matches. Raises Unsupported."""
    reader = _Reader(pattern)
    made = reader.alternation(frozenset(), 0)
    if reader.at < len(pattern):
        raise Unsupported("unexpected )", pattern)
    return made


@lru_cache(maxsize=64)
def _property(name: str) -> tuple[tuple[int, int], ...]:
    """The ranges of a general category such as L or Lu, of Any, or of a script."""
    import unicodedata

    if name == "Any":
        return ((0, MAX_CODE),)
    known = {unicodedata.category(chr(code)) for code in range(0x3000)} | {"Cs", "Co"}
    if name in _SCRIPTS:
        prefix = _SCRIPTS[name]
        codes = (code for code in range(0x30000) if unicodedata.name(chr(code), "").startswith(prefix))
    elif name in known or name in {one[0] for one in known}:
        codes = (code for code in range(MAX_CODE + 1) if unicodedata.category(chr(code)).startswith(name))
    else:
        raise Unsupported("invalid character class range", f"\\p{{{name}}}")
    ranges: Ranges = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return tuple(ranges)


def _negated(ranges: Ranges) -> Ranges:
    found: Ranges = []
    following = 0
    for low, high in sorted(ranges):
        if low > following:
            found.append((following, low - 1))
        following = max(following, high + 1)
    if following <= MAX_CODE:
        found.append((following, MAX_CODE))
    return found


def _char(code: int) -> str:
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\U{code:08x}"


def _set(ranges: Ranges) -> str:
    if not ranges:
        return r"[^\x00-\U0010ffff]"
    return "[" + "".join(_char(a) if a == b else f"{_char(a)}-{_char(b)}" for a, b in ranges) + "]"


class _Reader:
    __slots__ = ("at", "names", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.names: set[str] = set()

    def alternation(self, flags: frozenset[str], depth: int) -> str:
        """Up to a closing parenthesis or the end; flags that change inside hold until there."""
        if depth > MAX_DEPTH:
            raise Unsupported("expression nests too deeply", self.text)
        options: list[str] = []
        parts: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            char = self.text[self.at]
            if char == "|":
                self.at += 1
                options.append("".join(parts))
                parts = []
                continue
            flag = _FLAGS.match(self.text, self.at) if char == "(" else None
            if flag and flag[3] == ")":
                flags = self.changed(flags, flag)
                continue
            parts.append(self.repeated(flags, depth))
        options.append("".join(parts))
        return "|".join(options)

    def changed(self, flags: frozenset[str], match: re.Match[str]) -> frozenset[str]:
        self.at = match.end()
        return (flags | set(match[1])) - set(match[2] or "")

    def repeated(self, flags: frozenset[str], depth: int) -> str:
        start = self.at
        if self.text.startswith(r"\Q", start):
            return self.quoted(flags)
        if self.text[start] in "*+?" or self.count(start):
            raise Unsupported("missing argument to repetition operator", self.operator(start))
        made = self.atom(flags, depth)
        first = self.at
        suffix = self.suffix(flags)
        if suffix and (self.text[self.at : self.at + 1] in ("*", "+", "?") or self.count(self.at)):
            end = self.at + len(self.operator(self.at))
            raise Unsupported("invalid nested repetition operator", self.text[first:end])
        return (
            f"(?:{made}){suffix}" if suffix and len(made) > 1 and not made.startswith("[") else made + suffix
        )

    def count(self, at: int) -> re.Match[str] | None:
        return _COUNT.match(self.text, at)

    def operator(self, at: int) -> str:
        match = self.count(at)
        return match.group() if match else self.text[at]

    def suffix(self, flags: frozenset[str]) -> str:
        char = self.text[self.at : self.at + 1]
        if not char:
            return ""
        match = self.count(self.at)
        if match:
            low, high = int(match[1][:5]), int((match[3] or match[1])[:5])
            if low > MAX_REPEAT or high > MAX_REPEAT or (match[3] and high < low):
                raise Unsupported("invalid repeat count", match.group())
            made = match.group()
        elif char in "*+?":
            made = char
        else:
            return ""
        self.at += len(made)
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        return made + ("?" if lazy is not ("U" in flags) else "")

    def quoted(self, flags: frozenset[str]) -> str:
        end = self.text.find(r"\E", self.at + 2)
        body = self.text[self.at + 2 : end if end >= 0 else len(self.text)]
        self.at = end + 2 if end >= 0 else len(self.text)
        made = [self.folded(_char(ord(char)), flags) for char in body]
        if made:
            made[-1] = f"(?:{made[-1]}){self.suffix(flags)}"
        return "".join(made)

    def folded(self, made: str, flags: frozenset[str]) -> str:
        return f"(?i:{made})" if "i" in flags else made

    def atom(self, flags: frozenset[str], depth: int) -> str:
        char = self.text[self.at]
        if char == "(":
            return self.group(flags, depth)
        if char == "[":
            return self.folded(_set(self.bracket()), flags)
        if char == "\\":
            return self.escape(flags)
        self.at += 1
        if char == ".":
            return r"[\x00-\U0010ffff]" if "s" in flags else r"[^\n]"
        if char == "^":
            return "(?m:^)" if "m" in flags else r"\A"
        if char == "$":
            return "(?m:$)" if "m" in flags else r"\Z"
        return self.folded(_char(ord(char)), flags)

    def group(self, flags: frozenset[str], depth: int) -> str:
        start = self.at
        named = _NAMED.match(self.text, start)
        flag = _FLAGS.match(self.text, start)
        opening = "("
        if named:
            self.at = named.end()
            # Of two groups of one name, Go's $name is the first.
            opening = "(" if named[1] in self.names else f"(?P<{named[1]}>"
            self.names.add(named[1])
        elif flag:
            flags = self.changed(flags, flag)
            opening = "(?:"
        elif self.text.startswith("(?", start):
            raise Unsupported("invalid or unsupported Perl syntax", self.text[start : start + 3])
        else:
            self.at += 1
        body = self.alternation(flags, depth + 1)
        if not self.text.startswith(")", self.at):
            raise Unsupported("missing closing )", self.text)
        self.at += 1
        return f"{opening}{body})"

    def escape(self, flags: frozenset[str]) -> str:
        char = self.text[self.at + 1 : self.at + 2]
        if char in ("A", "z", "b", "B"):
            self.at += 2
            return {"A": r"\A", "z": r"\Z"}.get(char) or rf"(?a:\{char})"
        ranges = self.category()
        if ranges is not None:
            return self.folded(_set(ranges), flags)
        return self.folded(_char(self.single()), flags)

    def category(self) -> Ranges | None:
        """What `\\d`, `\\W`, `\\pL`, `\\P{Greek}` stand for, None if there is none of them here."""
        char = self.text[self.at + 1 : self.at + 2]
        if char.lower() in _PERL and char:
            self.at += 2
            return _negated(_PERL[char.lower()]) if char.isupper() else list(_PERL[char])
        if char in ("p", "P"):
            match = _PROPERTY.match(self.text, self.at)
            if match is None:
                raise Unsupported("invalid character class range", self.text[self.at : self.at + 3])
            self.at = match.end()
            ranges = list(_property(match[2] or match[3]))
            return _negated(ranges) if (char == "P") is not bool(match[1]) else ranges
        return None

    def single(self) -> int:
        """The character that an escape stands for."""
        start = self.at
        char = self.text[start + 1 : start + 2]
        if not char:
            raise Unsupported("trailing backslash at end of expression", "")
        if char in _ESCAPES:
            self.at += 2
            return _ESCAPES[char]
        octal = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})").match(self.text, start)
        if octal:
            self.at = octal.end()
            return int(octal[1], 8)
        hexadecimal = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2}))").match(self.text, start)
        if hexadecimal and int(hexadecimal[1] or hexadecimal[2], 16) <= MAX_CODE:
            self.at = hexadecimal.end()
            return int(hexadecimal[1] or hexadecimal[2], 16)
        if char.isascii() and not char.isalnum():
            self.at += 2
            return ord(char)
        raise Unsupported("invalid escape sequence", self.text[start : start + 2])

    def bracket(self) -> Ranges:
        start = self.at
        self.at += 1
        negative = self.text.startswith("^", self.at)
        self.at += negative
        ranges: Ranges = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise Unsupported("missing closing ]", self.text[start:])
            first = False
            ranges += self.member()
        self.at += 1
        return _negated(ranges) if negative else ranges

    def member(self) -> Ranges:
        named = _CLASS_NAME.match(self.text, self.at)
        if named:
            if named[2] not in _POSIX:
                raise Unsupported("invalid character class range", named.group())
            self.at = named.end()
            return _negated(_POSIX[named[2]]) if named[1] else list(_POSIX[named[2]])
        if self.text.startswith("\\", self.at):
            found = self.category()
            if found is not None:
                return found
        start = self.at
        low = high = self.one()
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
            self.at += 1
            high = self.one()
            if high < low:
                raise Unsupported("invalid character class range", self.text[start : self.at])
        return [(low, high)]

    def one(self) -> int:
        if self.at >= len(self.text):
            raise Unsupported("missing closing ]", self.text)
        if self.text[self.at] == "\\":
            return self.single()
        self.at += 1
        return ord(self.text[self.at - 1])
