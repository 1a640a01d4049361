"""Credentials: what they look like, what they are called, and which stretches of a text are never to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from argolint.patterns import lazy
from argolint.yaml.nodes import Map, Seq

_TOKENS = lazy(
    r"(?P<aws>\bAKIA[0-9A-Z]{16}\b)|(?P<github>\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b)"
    r"|(?P<gitlab>\bglpat-[A-Za-z0-9_-]{20,})|(?P<slack>\bxox[abprs]-[A-Za-z0-9-]{20,})"
    r"|(?P<key>-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----)|(?P<google>\bAIza[0-9A-Za-z_-]{35}\b)"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{15,})|(?P<npm>\bnpm_[A-Za-z0-9]{36}\b)"
    r"|(?P<stripe>\bsk_live_[0-9a-zA-Z]{20,})"
    r"|(?P<webhook>https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,})"
)
_STARTS = ("AKIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "PRIVATE KEY", "AIza", "eyJ", "npm_",
           "sk_live_", "hooks.slack.com")  # fmt: skip
PRIVATE_KEY = "a private key"
_WHAT = {
    "aws": "an AWS access key id", "github": "a GitHub token", "gitlab": "a GitLab token", "slack": "a Slack token",
    "key": PRIVATE_KEY, "google": "a Google API key", "jwt": "a JSON web token", "npm": "an npm token",
    "stripe": "a Stripe key", "webhook": "a Slack webhook with its secret",
}  # fmt: skip
_SECRET_NAME = lazy(
    r"(?:^|[-_.]|\A(?:pg|mysql|redis|db|root|admin|user|smtp|git|docker|registry))(?:password|passwd|pwd|secret|secret[-_]?key|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)\Z",
    re.IGNORECASE,
)
# In each of the names above is one of these: most texts have none, and need no closer look.
_SECRET_WORD = lazy(r"passw|pwd|secret|token|credential|(?:api|access|private)[-_]?key", re.IGNORECASE)
_PLACEHOLDER = lazy(
    r"\A(?:.*placeholder.*|__.*__|x+|\*+|\.+|changeme.*|change-me.*|example.*|placeholder.*|dummy.*|test.*|none|null|true|false|todo.*|fixme.*|your[-_ ].*"
    r"|my[-_]?(?:secret|password|token).*|<.*>|\$.*|replace.*|redacted|secret|password|token|admin|root|foo|bar|\d{1,4}"
    r"|(?:some|insert|enter|add|put|set|fill|comes[-_ ]from|provided[-_ ]by)[-_ ].*|(?-i:[A-Z]+(?:[_-][A-Z]+)+))\Z",
    re.IGNORECASE,
)
# The name of a Secret, or of a key in one, is words. People make passwords of words, too; tokens and keys are made by machines.
_OBJECT_NAME = lazy(r"\.?[a-z]+\d?(?:[-_.](?:[a-z]+\d?|\d))*\Z")
_PARAMETER_TAG = lazy(r"\{\{=?[^{}]*?\bparameters(?:\.|\[['\"])([\w-]+)[^{}]*\}\}")
_SECRET_REFERENCES = ("secretKeyRef", "secretRef", "secret", "secretName", "imagePullSecrets")
_CHOSEN_BY_PEOPLE = ("password", "passwd", "pwd")
_FORMAT = lazy(r"%[sdvq]")
_USER_INFO = lazy(r"\b([a-z][a-z0-9+.-]*)://([^\s/:@{}$<>'\"]*):([^\s/@{}$<>'\"]+)@", re.IGNORECASE)

# How much of a known credential may be seen: as much as says what it is.
KEPT = 4
_NAMED = lazy(r"(?<![\w.-])(?P<name>[\w.-]{1,80})[\"']?\s*[:=]\s*[\"']?(?P<value>[^\s\"',}]+)")
_ENTRY = lazy(r"\bname:\s*[\"']?(?P<name>[\w.-]+)[\"']?,\s*(?:value|default):\s*[\"']?(?P<value>[^\s\"',}]+)")


def known_token(text: str) -> tuple[str, int, int] | None:
    """(what it is, start, end) of a credential of a well-known shape in a text."""
    if len(text) < 20 or not any(start in text for start in _STARTS):
        return None
    match = _TOKENS.search(text)
    return (_WHAT[match.lastgroup or ""], *match.span()) if match is not None else None


def is_secret_name(name: str) -> bool:
    """Whether a parameter or variable of this name holds a secret (and not, say, the name of one)."""
    return bool(_SECRET_NAME.search(name))


def is_literal_secret(name: str, value: Any) -> bool:
    """Whether a value under a secret's name is the secret itself: neither a tag, nor a placeholder, nor a name or path."""
    if not isinstance(value, str) or len(value) < 6 or "{{" in value or not is_secret_name(name):
        return False
    return (
        not _PLACEHOLDER.match(value)
        and not value.startswith("/")
        and " " not in value
        and not value.isalpha()
        and (name.lower().endswith(_CHOSEN_BY_PEOPLE) or not is_object_name(value))
    )


def is_placeholder_secret(value: str) -> bool:
    """Whether a value says itself that it is not the secret yet: `changeme`, `SOME_VALUE`, `<TOKEN>`, or an example's `password`."""
    return bool(_PLACEHOLDER.match(value.strip()))


def is_object_name(value: str) -> bool:
    """Whether a value may as well be the name of a Secret, or of a key in one, as a secret."""
    return bool(_OBJECT_NAME.match(value))


def parameters_that_choose_secrets(value: Any, inside: bool = False) -> set[str]:
    """The names of the parameters from which the names and keys of Secrets are made, anywhere in a value of a manifest."""
    if isinstance(value, str):
        return {match[1] for match in _PARAMETER_TAG.finditer(value)} if inside else set()
    found: set[str] = set()
    if isinstance(value, Map):
        for key, entry in value.items():
            secret = isinstance(key, str) and (key in _SECRET_REFERENCES or key.endswith("Secret"))
            found |= parameters_that_choose_secrets(entry, inside or secret)
    elif isinstance(value, Seq):
        for entry in value:
            found |= parameters_that_choose_secrets(entry, inside)
    return found


def password_in_url(text: str) -> tuple[int, int] | None:
    """Where a URL in a text carries a password; None when none does (variables and placeholders do not count)."""
    return next(_passwords_in_urls(text), None)


def _passwords_in_urls(text: str) -> Iterator[tuple[int, int]]:
    if "://" in text:
        for match in _USER_INFO.finditer(text):
            if not _PLACEHOLDER.match(match[3]) and not _FORMAT.fullmatch(match[3]):
                yield match.span(3)


def recognised(text: str) -> list[tuple[int, int]]:
    """The credentials that a text shows by itself: of a well-known shape (but for the few characters that say which), and
    passwords in URLs.
    """
    found = list(_passwords_in_urls(text))
    if any(start in text for start in _STARTS):
        found += [(match.start() + KEPT, match.end()) for match in _TOKENS.finditer(text)]
    return found


def under_a_name(text: str) -> list[tuple[int, int]]:
    """The values in lines of YAML or of a script that stand beside the name of a credential."""
    if not _SECRET_WORD.search(text):
        return []
    return [
        match.span("value")
        for pattern in (_NAMED, _ENTRY)
        for match in pattern.finditer(text)
        if is_literal_secret(match["name"].lstrip("-"), match["value"])
    ]
