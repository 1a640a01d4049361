"""Secret values kept out of what a run prints and writes.

A value is looked for whole, line by line, in base64 (also as a part of a longer encoded text) and as it stands in URLs, JSON
and shell words. What people read gets `***`. What a run needs again (its state file) gets a token that says which form of
which secret stood there: `***NAME/KEY#2***`, which only someone who has the secret can turn back.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

SHORTEST = 4  # characters: anything shorter would blank out innocent text
STARS = "***"


def forms_of(value: str) -> list[str]:
    """Every spelling of a value that is looked for, in a fixed order; none of a value that is too short."""
    pieces = [value, value.strip(), *(line.strip() for line in value.splitlines())]
    found: dict[str, None] = {}
    for piece in pieces:
        if len(piece) < SHORTEST:
            continue
        raw = piece.encode("utf-8", "surrogateescape")
        found.setdefault(piece)
        for encoded in _base64_forms(raw):
            found.setdefault(encoded)
        for quote in (urllib.parse.quote, urllib.parse.quote_plus):
            found.setdefault(quote(raw, safe=""))
            found.setdefault(quote(raw))
        escaped = json.dumps(piece)[1:-1]
        found.setdefault(escaped)
        found.setdefault(json.dumps(piece, ensure_ascii=False)[1:-1])
        found.setdefault(json.dumps(escaped)[1:-1])
        found.setdefault(piece.replace("'", "'\\''"))
    return list(found)


def _base64_forms(raw: bytes) -> Iterable[str]:
    """Base64 of the value, and what of it stays the same wherever it stands in a longer encoded text."""
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    if len(raw) < 6:
        return
    for shift in (1, 2):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        # The first characters mix with what stands before, the last one with what follows.
        yield encoded[shift + 1 : len(encoded) - 1]
    yield base64.b64encode(raw).decode().rstrip("=")[:-1]


class Masker:
    """Replaces secret values. `secrets` maps `name/key` to the value; a plain list of values will do."""

    def __init__(self, secrets: Mapping[str, str] | Sequence[str]) -> None:
        named = secrets if isinstance(secrets, Mapping) else {f"#{i}": v for i, v in enumerate(secrets)}
        self._token: dict[str, str] = {}
        self._form: dict[str, str] = {}
        self.too_short = sorted(name for name, value in named.items() if 0 < len(value.strip()) < SHORTEST)
        for name, value in named.items():
            for index, form in enumerate(forms_of(value)):
                token = f"{STARS}{name}#{index}{STARS}"
                self._token.setdefault(form, token)
                self._form[token] = form
        words = sorted(self._token, key=len, reverse=True)
        self._find = re.compile("|".join(map(re.escape, words))) if words else None
        self.longest = len(words[0]) if words else 0

    def __bool__(self) -> bool:
        return self._find is not None

    def __call__(self, text: str) -> str:
        return self._find.sub(STARS, text) if self._find is not None else text

    def object(self, value: Any) -> Any:
        """A JSON value with every secret in its strings (not in its keys) replaced by stars."""
        return _walk(value, self) if self._find is not None else value

    def seal(self, value: Any) -> Any:
        """A JSON value with tokens in the place of secrets; `unseal` turns it back."""
        find, token = self._find, self._token
        if find is None:
            return value
        return _walk(value, lambda text: find.sub(lambda m: token[m.group()], text))

    def unseal(self, value: Any) -> Any:
        """What `seal` was given, as far as the secrets are still known."""
        if not self._form:
            return value
        find = re.compile("|".join(re.escape(t) for t in sorted(self._form, key=len, reverse=True)))
        return _walk(value, lambda text: find.sub(lambda m: self._form[m.group()], text))


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _walk(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(inner, change) for inner in value]
    return value
