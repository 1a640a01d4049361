"""Who a request is from: bearer tokens, client certificates, ServiceAccount tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from executor.cluster import pki
from executor.cluster.http import Request
from executor.cluster.meta import new_uid
from executor.cluster.status import ApiStatus, unauthorized
from executor.cluster.store import Store

MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"
ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
_CACHED: Final = 4096
_MAX_TOKEN: Final = 8192
"""Characters of a token that is looked at."""


class User(NamedTuple):
    """An authenticated user."""

    name: str
    groups: tuple[str, ...]
    uid: str = ""


ANONYMOUS: Final = User("system:anonymous", ("system:unauthenticated",))
ADMIN: Final = User("kubernetes-admin", (MASTERS, AUTHENTICATED))
SERVER: Final = User("system:apiserver", (MASTERS,))


def service_account_user(namespace: str, name: str, uid: str) -> User:
    """The user that a ServiceAccount acts as."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """Decides who a request is from. `insecure` makes requests without credentials the administrator's."""

    def __init__(self, folder: Path, store: Store) -> None:
        """`folder` holds the keys; ServiceAccounts are looked up in `store`."""
        self.folder = folder
        self.store = store
        self.insecure = False
        self.admin_token = pki.ensure_token(folder / "admin.token")
        self._key = pki.load_key(folder / "sa.key")
        self._verified: dict[str, Mapping[str, Any]] = {}

    def user_of(self, request: Request) -> User:
        """The user of a request, ANONYMOUS without credentials. ApiStatus 401 when they are not valid."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and (token := token.strip()):  # what nobody here reads is no credential
            user = self.user_of_token(token)
            if user is None:
                raise unauthorized()
            return user
        if request.peer:
            return _certificate_user(request.peer)
        if not self.insecure:
            return ANONYMOUS
        _refuse_other_sites(request.headers)
        return ADMIN

    def user_of_token(self, token: str, audiences: Iterable[str] = (ISSUER,)) -> User | None:
        """The user that a token stands for; None when it is not (or no longer) valid, or for none of `audiences`."""
        if hmac.compare_digest(token.encode(), self.admin_token.encode()):
            return ADMIN
        claims = self.claims_of(token)
        if claims is None or not set(audiences) & set(claims["aud"]):
            return None
        bound = claims["kubernetes.io"]
        namespace, account = bound["namespace"], bound["serviceaccount"]
        entry = self.store.get("serviceaccounts", namespace, account["name"])
        if entry is None or entry.obj["metadata"]["uid"] != account["uid"]:
            return None
        for kind, resource in (("pod", "pods"), ("secret", "secrets")):
            if kind in bound:
                holder = self.store.get(resource, namespace, bound[kind]["name"])
                if holder is None or holder.obj["metadata"]["uid"] != bound[kind]["uid"]:
                    return None
        return service_account_user(namespace, account["name"], account["uid"])

    def issue(
        self,
        account: Mapping[str, Any],
        *,
        seconds: int | None,
        audiences: list[str] | None = None,
        bound: Mapping[str, Mapping[str, str]] | None = None,
    ) -> tuple[str, int]:
        """A signed token for a ServiceAccount object, and when it expires (seconds since the epoch; 0: never).

        `bound` names an object (`pod` or `secret`, with name and uid) whose end is the token's end.
        """
        data = account["metadata"]
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{data['namespace']}:{data['name']}",
            "aud": audiences or [ISSUER],
            "iat": now,
            "nbf": now,
            "jti": new_uid(),
            "kubernetes.io": {
                "namespace": data["namespace"],
                "serviceaccount": {"name": data["name"], "uid": data["uid"]},
                **(bound or {}),
            },
        }
        if seconds is not None:
            claims["exp"] = now + seconds
        signed = f"{_b64(orjson.dumps({'alg': 'ES256', 'typ': 'JWT'}))}.{_b64(orjson.dumps(claims))}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}", claims.get("exp", 0)

    def claims_of(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token that this cluster signed and that has not expired."""
        if len(token) > _MAX_TOKEN:
            return None
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            if claims is None:
                return None
            if len(self._verified) >= _CACHED:
                self._verified.clear()
            self._verified[token] = claims
        if "exp" in claims and claims["exp"] < time.time():
            return None
        return claims

    def _verify(self, token: str) -> Mapping[str, Any] | None:
        try:
            head, body, signature = token.split(".")
            raw = _unb64(signature)
            if len(raw) != 64 or orjson.loads(_unb64(head)).get("alg") != "ES256":
                return None
            der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
            self._key.public_key().verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
            claims: Mapping[str, Any] = orjson.loads(_unb64(body))
        except (ValueError, InvalidSignature, binascii.Error, AttributeError):
            return None
        return claims if claims.get("iss") == ISSUER else None


def _refuse_other_sites(headers: Mapping[str, str]) -> None:
    """ApiStatus 403 for what a web page may have made the browser send: it reaches loopback, under its own name too.

    Without credentials everybody on this machine is the administrator; the programs of strangers' pages are not meant.
    """
    host = _host(headers.get("host", ""))
    origin = headers.get("origin", "")
    if host not in _LOOPBACK or (origin and _host(origin.partition("//")[2]) not in _LOOPBACK):
        raise ApiStatus(
            403,
            "Forbidden",
            f'requests without credentials are served for loopback only, not for "{origin or host}"',
        )


_LOOPBACK: Final = ("127.0.0.1", "[::1]", "localhost")


def _host(text: str) -> str:
    host, colon, port = text.rpartition(":")
    return (host if colon and port.isdigit() else text).lower()


def _certificate_user(peer: Mapping[str, Any]) -> User:
    """Common name as user, organizations as groups, as upstream reads client certificates."""
    name, groups = "", []
    for parts in peer.get("subject", ()):
        for key, value in parts:
            if key == "commonName":
                name = value
            elif key == "organizationName":
                groups.append(value)
    return User(name, (*groups, AUTHENTICATED)) if name else ANONYMOUS
