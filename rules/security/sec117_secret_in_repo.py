"""SEC117."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.project.index import is_literal
from argolint.rule import Finding, rule

_PLAIN = lazy(
    r"\A(?:<.*>|\$.*|changeme|change-me|placeholder|example|xxx+|todo|replace.*|your.*|dummy|\*+)?\Z",
    re.IGNORECASE,
)


@rule("SEC117", "secret-in-repo", on="object", severity="error", kinds=("Secret",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Secret is in the repository with its data."""
    if "sops" in obj or obj.embedded or obj.group:
        return
    for field in ("data", "stringData"):
        view = obj.mapping(field)
        for key, value in view.map.items():
            if not isinstance(value, str) or not value or not is_literal(value) or _PLAIN.match(value):
                continue
            if field == "data" and value.startswith("ENC["):
                continue
            yield Finding(
                view.key_span(key),
                f"Secret `{obj.name}` is here with its data"
                + (": base64 hides nothing" if field == "data" else ""),
                help="encrypt it (SOPS, SealedSecret), or let an ExternalSecret fetch it",
            )
            return
