"""Tokens of expr-lang v1.17."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.patterns import lazy

WORD_OPERATORS = frozenset(
    ("not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else")
)

# Go's unicode.IsSpace: unlike Python's, without the ASCII separators U+001C to U+001F.
_BLANK = r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_SPACE = lazy(rf"(?:{_BLANK}+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_WORD = lazy(r"[\w$]+", re.UNICODE)
_NUMBER = lazy(
    r"0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|(?:[0-9][0-9_]*)?(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?"
)
_RAW = lazy(r"`((?:[^`]|``)*+)`")
# `&`, `!`, `=`, `*`, `<` and `>` swallow a following `&`, `=` or `*`, whether that makes an operator or not.
_OPERATOR = lazy(r"[&!=*<>][&=*]?|\|\|?|\?[.?]?|\.\.?|::?|##?|[-+/%^,;]")
# What most tokens are: ASCII words, brackets, strings without escapes, dots and commas. All else takes the long way.
_COMMON = lazy(
    r"[ \t\n]*+(?:([A-Za-z_$][A-Za-z0-9_$]*+)(?![^\x00-\x7f]|['\"])|([()\[\]{}])|('[^'\\\n\r]*+'|\"[^\"\\\n\r]*+\")"
    r"|(\.(?![.0-9])|,|[=!<>]=(?![&=*])|\+))"
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_QUOTES = {"'": "'", '"': '"', "`": "`"}
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


class Token(NamedTuple):
    """`kind` is one of ident, number, string, bytes, operator, bracket, eof; `value` is decoded for literals."""

    kind: str
    value: Any
    start: int
    end: int


def tokenize(source: str) -> list[Token]:
    """The tokens of `source`, with an eof token at the end. Raises LanguageError at the first bad one."""
    tokens: list[Token] = []
    at, size = 0, len(source)
    common, space, word_of, operator_of = _COMMON.match, _SPACE.match, _WORD.match, _OPERATOR.match
    while at < size:
        match = common(source, at)
        if match:
            index = match.lastindex or 0
            start, end = match.span(index)
            text = source[start:end]
            if index == 1:
                pointed = tokens and tokens[-1] == ("operator", "#", start - 1, start)
                kind = "operator" if text in WORD_OPERATORS and not pointed else "ident"
                tokens.append(Token(kind, text, start, end))
            elif index == 2:
                tokens.append(Token("bracket", text, start, end))
            elif index == 3:
                tokens.append(Token("string", text[1:-1], start, end))
            else:
                tokens.append(Token("operator", text, start, end))
            at = end
            continue
        blank = space(source, at)
        if blank:
            at = blank.end()
            continue
        char = source[at]
        if "0" <= char <= "9" or (char == "." and "0" <= source[at + 1 : at + 2] <= "9"):
            number, end = _number(source, at)
            tokens.append(Token("number", number, at, end))
        elif char in "'\"`":
            text, end = _raw(source, at) if char == "`" else _string(source, at)
            tokens.append(Token("string", text, at, end))
        elif char in "()[]{}":
            end = at + 1
            tokens.append(Token("bracket", char, at, end))
        elif word := word_of(source, at):
            end = word.end()
            text = word.group()
            if not text.isascii():
                end = at + _letters(text, at)
                text = source[at:end]
            if char in "bB" and len(text) == 1 and source[end : end + 1] in ("'", '"'):
                value, end = _bytes(source, end)
                tokens.append(Token("bytes", value, at, end))
            else:
                pointed = tokens and tokens[-1] == ("operator", "#", at - 1, at)
                kind = "operator" if text in WORD_OPERATORS and not pointed else "ident"
                tokens.append(Token(kind, text, at, end))
        else:
            operator = operator_of(source, at)
            if not operator:
                raise LanguageError(f"unrecognized character: {char!r}", at, at + 1)
            end = operator.end()
            if operator.group() == "/" and source.startswith("/*", at):
                raise LanguageError("unclosed comment", at, size)
            tokens.append(Token("operator", operator.group(), at, end))
        at = end
    tokens.append(Token("eof", "", size, size))
    return tokens


def _letters(text: str, at: int) -> int:
    """How much of a word Go takes: letters and decimal digits of Unicode, `_` and `$`, but not other numerals."""
    from unicodedata import category

    for index, char in enumerate(text):
        if char not in "_$" and category(char) != "Nd" and category(char)[0] != "L":
            if index == 0:
                raise LanguageError(f"unrecognized character: {char!r}", at, at + 1)
            return index
    return len(text)


def _number(source: str, at: int) -> tuple[int | float, int]:
    match = _NUMBER.match(source, at)
    end = match.end() if match else at
    rest = _WORD.match(source, end)
    if rest:
        raise LanguageError(f"bad number syntax: {source[at : rest.end()]!r}", at, rest.end())
    text = source[at:end].replace("_", "")
    try:
        if text[:2].lower() in ("0x", "0b", "0o"):
            value: int | float = int(text, 0)
        elif any(char in ".eE" for char in text):
            value = float(text)
            if value == float("inf"):
                raise LanguageError("float literal is too large", at, end)
        else:
            value = int(text[:30] if len(text) > 30 else text, 10)
    except ValueError:
        raise LanguageError(f"bad number syntax: {text[:40]!r}", at, end) from None
    if value.__class__ is int and value > 0x7FFFFFFFFFFFFFFF:
        raise LanguageError("integer literal is too large", at, end)
    return value, end


def _raw(source: str, at: int) -> tuple[str, int]:
    match = _RAW.match(source, at)
    if match is None:
        raise LanguageError("literal not terminated", at, len(source))
    return match.group(1).replace("``", "`"), match.end()


def _string(source: str, at: int) -> tuple[str, int]:
    quote = source[at]
    end = source.find(quote, at + 1)
    simple = source[at + 1 : end] if end > 0 else ""
    if end > 0 and "\\" not in simple and "\n" not in simple and "\r" not in simple:
        return simple, end + 1
    parts: list[str] = []
    index = at + 1
    while index < len(source):
        char = source[index]
        if char == quote:
            return "".join(parts), index + 1
        if char == "\n":
            break
        if char == "\\":
            text, index = _escape(source, index, quote)
            parts.append(text)
        else:
            parts.append("\n" if char == "\r" else char)
            index += 1
    raise LanguageError("literal not terminated", at, min(index, len(source)))


def _bytes(source: str, at: int) -> tuple[bytes, int]:
    """`b"…"`: as a string, but `\\xff` and `\\377` are single bytes and there are no `\\u` escapes."""
    quote = source[at]
    parts: list[bytes] = []
    index = at + 1
    while index < len(source):
        char = source[index]
        if char == quote:
            return b"".join(parts), index + 1
        if char == "\n":
            break
        if char == "\\":
            text, end = _escape(source, index, quote)
            if source[index + 1] in "uU":
                raise LanguageError("unable to unescape the bytes: bad escape", index, end)
            parts.append(bytes((ord(text),)))
            index = end
        else:
            parts.append(char.encode("utf-8", "surrogatepass"))
            index += 1
    raise LanguageError("literal not terminated", at, min(index, len(source)))


def _escape(source: str, at: int, quote: str = "") -> tuple[str, int]:
    """What the escape at `at` stands for, and where it ends. Of the quotes only `quote` may be escaped, if it is given."""
    char = source[at + 1 : at + 2]
    if char in _ESCAPES and char:
        return _ESCAPES[char], at + 2
    if char in _QUOTES and (not quote or char == quote):
        return char, at + 2
    if char in _HEX_ESCAPES:
        start, end = at + 2, at + 2 + _HEX_ESCAPES[char]
        if quote and char == "u" and source[start : start + 1] == "{":
            start, end = start + 1, source.find("}", start)
            end = end if 1 <= end - start <= 6 else start
        digits = source[start:end]
        if re.fullmatch(r"[0-9a-fA-F]+", digits) and len(digits) == end - start:
            code = int(digits, 16)
            after = end + (source[start - 1] == "{")
            if 0xD800 <= code < 0xE000 or code >= 0x80000000:
                return "\ufffd", after
            if code <= 0x10FFFF:
                return chr(code), after
    elif char and char in "01234567":
        digits = source[at + 1 : at + 4]
        if re.fullmatch(r"[0-3][0-7][0-7]", digits):
            return chr(int(digits, 8)), at + 4
    raise LanguageError("unable to unescape the string: bad escape", at, min(at + 2, len(source)))


def unescape(text: str, offset: int = 0) -> str:
    """The content of a double-quoted Go string. Raises LanguageError, its offsets moved by `offset`."""
    if "\\" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            try:
                piece, at = _escape(text, at)
            except LanguageError as error:
                raise LanguageError(error.message, error.start + offset, error.end + offset) from None
        else:
            piece, at = text[at], at + 1
        parts.append(piece)
    return "".join(parts)
