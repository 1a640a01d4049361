"""sprig: strings and lists of strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from argolint.language.expr.hooks import Hooks
from argolint.language.gofmt import quote as go_quote
from argolint.language.sprig.casing import joined, pascal
from argolint.language.sprig.common import MAX_TEXT, bounded, shown, strings, text, whole
from argolint.language.values import sprint

_ALPHA = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_ASCII = "".join(map(chr, range(32, 127)))


def _trunc(count: Any, value: Any) -> str:
    size, source = whole(count), text(value)
    if size < 0:
        return source[size:] if len(source) + size > 0 else source
    return source[:size]


def _substr(start: Any, end: Any, value: Any) -> str:
    low, high, source = whole(start), whole(end), text(value)
    if low < 0:
        if high < 0 or high > len(source):
            raise ValueError("slice bounds out of range")
        return source[:high]
    if low > len(source):
        raise ValueError("slice bounds out of range")
    return source[low:] if high < 0 or high > len(source) else source[low:high]


def _abbrev_full(source: str, offset: int, width: int) -> str:
    size = len(source)
    if size <= width or width < 4:
        return source
    offset = min(offset, size)
    if size - offset < width - 3:
        offset = size - (width - 3)
    if offset <= 4:
        return source[: width - 3] + "..."
    if width < 7:
        return ""
    if offset + width - 3 < size:
        return "..." + _abbrev_full(source[offset:], 0, width - 3)
    return "..." + source[size - (width - 3) :]


def _abbrev(width: Any, value: Any) -> str:
    return _abbrev_full(text(value), 0, whole(width))


def _abbrevboth(left: Any, right: Any, value: Any) -> str:
    low, high = whole(left), whole(right)
    if high < 4 or (low > 0 and high < 7):
        return text(value)
    return _abbrev_full(text(value), low, high)


def _title(value: Any) -> str:
    return re.sub(r"(?<![\w'])[^\W\d_]", lambda match: match.group().upper(), text(value))


def _untitle(value: Any) -> str:
    return re.sub(r"(?<!\S)\S", lambda match: match.group().lower(), text(value))


def _swapcase(value: Any) -> str:
    parts: list[str] = []
    after_space = True
    for char in text(value):
        if char.isupper() or char.istitle():
            parts.append(char.lower())
        elif char.islower():
            parts.append(char.title() if after_space else char.upper())
        else:
            parts.append(char)
        after_space = char.isspace()
    return "".join(parts)


def _wrap(source: str, width: int, joint: str, break_long: bool) -> str:
    width = max(width, 1)
    lines: list[str] = []
    offset, size = 0, len(source)
    while size - offset > width:
        if source[offset] == " ":
            offset += 1
            continue
        space = source.rfind(" ", offset, offset + width + 1)
        if space > offset:
            lines.append(source[offset:space])
            offset = space + 1
        elif break_long:
            lines.append(source[offset : offset + width])
            offset += width
        else:
            space = source.find(" ", offset + width)
            if space < 0:
                break
            lines.append(source[offset:space])
            offset = space + 1
    lines.append(source[offset:])
    return joint.join(lines)


def _quote(*values: Any) -> str:
    return " ".join(go_quote(shown(value)) for value in values if value is not None)


def _squote(*values: Any) -> str:
    return " ".join(f"'{shown(value)}'" for value in values if value is not None)


def _cat(*values: Any) -> str:
    return " ".join(sprint(value) for value in values if value is not None)


def _indent(count: Any, value: Any) -> str:
    if whole(count) < 0:
        raise ValueError("strings: negative Repeat count")
    pad = " " * min(whole(count), 100_000)
    source = text(value)
    if len(pad) * (source.count("\n") + 1) > MAX_TEXT:
        raise ValueError("memory budget exceeded")
    return pad + source.replace("\n", "\n" + pad)


def _repeat(count: Any, value: Any) -> str:
    times = whole(count)
    if times < 0:
        raise ValueError("strings: negative Repeat count")
    if times * len(text(value)) > MAX_TEXT:
        raise ValueError("memory budget exceeded")
    return text(value) * times


def _replace(old: Any, new: Any, source: Any) -> str:
    if (text(source).count(text(old)) + 1) * len(text(new)) > MAX_TEXT:
        raise ValueError("memory budget exceeded")
    return text(source).replace(old, new)


def _split_map(parts: list[str]) -> dict[str, str]:
    return {f"_{index}": part for index, part in enumerate(parts)}


def _split(separator: Any, source: Any) -> list[str]:
    return text(source).split(separator) if text(separator) else list(text(source))


def _splitn(separator: Any, count: Any, source: Any) -> dict[str, str]:
    limit = whole(count)
    if limit == 0:
        return {}
    if not text(separator):
        letters = list(text(source))
        return _split_map(
            letters
            if limit < 0 or limit >= len(letters)
            else [*letters[: limit - 1], "".join(letters[limit - 1 :])]
        )
    return _split_map(text(source).split(separator, limit - 1 if limit > 0 else -1))


def _initials(value: Any) -> str:
    return "".join(word[0] for word in text(value).split())


def table(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """The functions by name."""

    def pick(alphabet: str, count: Any) -> str:
        size = whole(count)
        if size < 0 or size > 1_000_000:
            raise ValueError("count is out of range")
        raw = hooks.random(size * 4)
        return "".join(
            alphabet[int.from_bytes(raw[i * 4 : i * 4 + 4], "big") % len(alphabet)] for i in range(size)
        )

    def shuffle(value: Any) -> str:
        letters = list(text(value))
        raw = hooks.random(len(letters) * 4)
        for index in range(len(letters) - 1, 0, -1):
            other = int.from_bytes(raw[index * 4 : index * 4 + 4], "big") % (index + 1)
            letters[index], letters[other] = letters[other], letters[index]
        return "".join(letters)

    return {
        "hello": lambda: "Hello!",
        "abbrev": _abbrev,
        "abbrevboth": _abbrevboth,
        "trunc": _trunc,
        "trim": lambda s: text(s).strip(),
        "upper": lambda s: text(s).upper(),
        "lower": lambda s: text(s).lower(),
        "title": _title,
        "untitle": _untitle,
        "substr": _substr,
        "repeat": _repeat,
        "trimall": lambda cut, s: text(s).strip(text(cut) or "\0"),
        "trimAll": lambda cut, s: text(s).strip(text(cut) or "\0"),
        "trimSuffix": lambda suffix, s: text(s).removesuffix(text(suffix)),
        "trimPrefix": lambda prefix, s: text(s).removeprefix(text(prefix)),
        "nospace": lambda s: re.sub(r"\s+", "", text(s)),
        "initials": _initials,
        "randAlphaNum": lambda n: pick(_ALPHA + _DIGITS, n),
        "randAlpha": lambda n: pick(_ALPHA, n),
        "randAscii": lambda n: pick(_ASCII, n),
        "randNumeric": lambda n: pick(_DIGITS, n),
        "swapcase": _swapcase,
        "shuffle": shuffle,
        "snakecase": lambda s: joined(text(s), "_"),
        "camelcase": lambda s: pascal(text(s)),
        "kebabcase": lambda s: joined(text(s), "-"),
        "wrap": lambda n, s: _wrap(text(s), whole(n), "\n", False),
        "wrapWith": lambda n, joint, s: bounded(_wrap(text(s), whole(n), text(joint), True)),
        "contains": lambda part, s: text(part) in text(s),
        "hasPrefix": lambda part, s: text(s).startswith(text(part)),
        "hasSuffix": lambda part, s: text(s).endswith(text(part)),
        "quote": _quote,
        "squote": _squote,
        "cat": _cat,
        "indent": _indent,
        "nindent": lambda n, s: "\n" + _indent(n, s),
        "replace": _replace,
        "plural": lambda one, many, count: text(one) if whole(count) == 1 else text(many),
        "toString": shown,
        "split": lambda separator, s: _split_map(_split(separator, s)),
        "splitList": _split,
        "splitn": _splitn,
        "toStrings": strings,
        "join": lambda separator, values: bounded(text(separator).join(strings(values))),
        "sortAlpha": lambda values: sorted(strings(values)),
    }
