"""SEC117."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from argolint.analysis import credentials
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.project.index import is_literal
from argolint.rule import Finding, rule

_PLAIN = lazy(
    r"\A(?:<.*>|\$.*|changeme|change-me|placeholder|example|xxx+|todo|replace.*|your.*|dummy|\*+)?\Z",
    re.IGNORECASE,
)
# Keys whose values nobody would call configuration.
_CREDENTIAL_KEY = lazy(
    r"\A\.?docker(?:config|cfg)(?:json)?\Z|\A(?:kubeconfig|id_\w+|ssh-privatekey)\Z|\.(?:key|pem|p12|jks)\Z"
)
_CREDENTIAL_LINE = lazy(
    r"(?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key)[\"']?\s*[:=]\s*[\"']?[^\s\"'{<$]",
    re.IGNORECASE,
)


def _is_credential(kind: str, key: str, value: str) -> bool:
    """Whether the value of a Secret is certainly meant to be secret: by the Secret's type, by its key, or by what it says."""
    if credentials.is_placeholder_secret(value):
        return False
    return (
        kind.startswith("kubernetes.io/")
        or credentials.is_secret_name(key)
        or bool(_CREDENTIAL_KEY.search(key))
        or credentials.known_token(value) is not None
        or credentials.password_in_url(value) is not None
        or bool(_CREDENTIAL_LINE.search(value))
    )


def _plain(field: str, value: str) -> str:
    """What a value says: decoded, when it is base64."""
    if field != "data":
        return value
    try:
        return base64.b64decode(value, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return value


@rule("SEC117", "secret-in-repo", on="object", severity="error", kinds=("Secret",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Secret is in the repository with its data."""
    if "sops" in obj or obj.embedded or obj.group:
        return
    found: Finding | None = None
    secrets = [
        view.value_span(key)
        for view in (obj.mapping("data"), obj.mapping("stringData"))
        for key, value in view.map.items()
        if not _PLAIN.match(str(value))
    ]
    for field in ("data", "stringData"):
        view = obj.mapping(field)
        for key, value in view.map.items():
            if not isinstance(value, str) or not value or _PLAIN.match(value):
                continue
            if not is_literal(value) and ("\n" not in value or "${" in value or "{{" in value):
                continue
            if field == "data" and value.startswith("ENC["):
                continue
            certain = _is_credential(obj.text("type"), str(key), _plain(field, value))
            if found is None or certain:
                found = Finding(
                    view.key_span(key),
                    f"Secret `{obj.name}` is here with its data"
                    + (": base64 hides nothing" if field == "data" else ""),
                    help="encrypt it (SOPS, SealedSecret), or let an ExternalSecret fetch it",
                    severity="error" if certain else "warning",
                    secrets=secrets,
                )
            if certain:
                break
        if found is not None and found.severity == "error":
            break
    if found is not None:
        yield found
