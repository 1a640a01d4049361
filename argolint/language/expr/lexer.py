"""Tokens of expr-lang v1.17."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.patterns import lazy

WORD_OPERATORS = frozenset(
    ("not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else")
)

_SPACE = lazy(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_IDENT = lazy(r"[^\W\d]\w*|\$\w*", re.UNICODE)
_IDENT_REST = lazy(r"[\w$]*", re.UNICODE)
_NUMBER = lazy(
    r"0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*)?(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]+)?"
)
_OPERATOR = lazy(r"\*\*|&&|\|\||[=!<>]=|\?\.|\?\?|\.\.|::|[-+*/%^&|!=<>?:.,;#]")
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
}
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


class Token(NamedTuple):
    """`kind` is one of ident, number, string, operator, bracket, eof; `value` is decoded for literals."""

    kind: str
    value: Any
    start: int
    end: int


def tokenize(source: str) -> list[Token]:
    """The tokens of `source`, with an eof token at the end. Raises LanguageError at the first bad one."""
    tokens: list[Token] = []
    at, size = 0, len(source)
    while at < size:
        space = _SPACE.match(source, at)
        if space:
            at = space.end()
            continue
        char = source[at]
        if source.startswith("/*", at):
            raise LanguageError("unclosed comment", at, size)
        if char in "'\"":
            text, end = _string(source, at)
            tokens.append(Token("string", text, at, end))
        elif char == "`":
            end = source.find("`", at + 1) + 1
            if not end:
                raise LanguageError("literal not terminated", at, size)
            tokens.append(Token("string", source[at + 1 : end - 1], at, end))
        elif char.isdigit() or (char == "." and source[at + 1 : at + 2].isdigit()):
            number, end = _number(source, at)
            tokens.append(Token("number", number, at, end))
        elif char in "()[]{}":
            end = at + 1
            tokens.append(Token("bracket", char, at, end))
        else:
            ident = _IDENT.match(source, at)
            if ident:
                end = _IDENT_REST.match(source, ident.end()).end()  # type: ignore[union-attr]
                word = source[at:end]
                tokens.append(Token("operator" if word in WORD_OPERATORS else "ident", word, at, end))
            else:
                operator = _OPERATOR.match(source, at)
                if not operator:
                    raise LanguageError(f"unrecognized character: {char!r}", at, at + 1)
                end = operator.end()
                tokens.append(Token("operator", operator.group(), at, end))
        at = end
    tokens.append(Token("eof", "", size, size))
    return tokens


def _number(source: str, at: int) -> tuple[int | float, int]:
    match = _NUMBER.match(source, at)
    if match is None or match.end() == at:
        raise LanguageError("bad number syntax", at, at + 1)
    end = match.end()
    rest = _IDENT_REST.match(source, end)
    if rest and rest.end() > end:
        raise LanguageError(f"bad number syntax: {source[at : rest.end()]!r}", at, rest.end())
    text = match.group().replace("_", "")
    try:
        if text[:2].lower() in ("0x", "0b", "0o"):
            value: int | float = int(text, 0)
        elif any(char in ".eE" for char in text):
            value = float(text)
        else:
            value = int(text[:30] if len(text) > 30 else text, 10)
    except ValueError:
        raise LanguageError(f"bad number syntax: {text[:40]!r}", at, end) from None
    if isinstance(value, int) and value > 0x7FFFFFFFFFFFFFFF:
        raise LanguageError("integer literal is too large", at, end)
    return value, end


def _string(source: str, at: int) -> tuple[str, int]:
    quote = source[at]
    end = source.find(quote, at + 1)
    simple = source[at + 1 : end] if end > 0 else ""
    if end > 0 and "\\" not in simple and "\n" not in simple:
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
            text, index = _escape(source, index)
            parts.append(text)
        else:
            parts.append(char)
            index += 1
    raise LanguageError("literal not terminated", at, min(index, len(source)))


def _escape(source: str, at: int) -> tuple[str, int]:
    char = source[at + 1 : at + 2]
    if char in _ESCAPES and char:
        return _ESCAPES[char], at + 2
    if char in _HEX_ESCAPES:
        end = at + 2 + _HEX_ESCAPES[char]
        digits = source[at + 2 : end]
        if (
            re.fullmatch(r"[0-9a-fA-F]+", digits)
            and len(digits) == _HEX_ESCAPES[char]
            and int(digits, 16) <= 0x10FFFF
        ):
            code = int(digits, 16)
            return ("\ufffd" if 0xD800 <= code < 0xE000 else chr(code)), end
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
