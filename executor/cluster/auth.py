"""Who a request is from: bearer tokens, client certificates, ServiceAccount tokens."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Final, NamedTuple

from executor.cluster import pki
from executor.cluster.http import Request
from executor.cluster.status import unauthorized
from executor.cluster.store import Store

MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"


class User(NamedTuple):
    """An authenticated user."""

    name: str
    groups: tuple[str, ...]
    uid: str = ""


ANONYMOUS: Final = User("system:anonymous", ("system:unauthenticated",))
ADMIN: Final = User("kubernetes-admin", (MASTERS, AUTHENTICATED))


class Authenticator:
    """Decides who a request is from. `insecure` makes requests without credentials the administrator's."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.insecure = False
        self.admin_token = pki.ensure_token(folder / "admin.token")

    def user_of(self, request: Request) -> User:
        """The user of a request. ApiStatus 401 when its credentials are not valid."""
        header = request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            if hmac.compare_digest(token, self.admin_token):
                return ADMIN
            raise unauthorized()
        if header:
            raise unauthorized()
        return ADMIN if self.insecure else ANONYMOUS
