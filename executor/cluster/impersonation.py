"""Requests that are made as somebody else (upstream: endpoints/filters/impersonation.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

from executor.cluster.auth import ANONYMOUS, AUTHENTICATED, User
from executor.cluster.http import SEPARATOR
from executor.cluster.rbac import Attributes
from executor.cluster.status import bad_request

_EXTRA: Final = "impersonate-extra-"
_ACCOUNT: Final = "system:serviceaccount:"


class Impersonation(NamedTuple):
    """Whom a request is made as, and what its maker must be allowed to for that: each one."""

    user: User
    needs: tuple[Attributes, ...]


def impersonation(headers: Mapping[str, str]) -> Impersonation | None:
    """What the headers of a request ask for; None when they ask for nobody. ApiStatus 400 without a user."""
    name = headers.get("impersonate-user", "")
    groups = [group for group in headers.get("impersonate-group", "").split(SEPARATOR) if group]
    uid = headers.get("impersonate-uid", "")
    extras = [
        (unquote(key.removeprefix(_EXTRA)), value)
        for key, values in headers.items()
        if key.startswith(_EXTRA)
        for value in values.split(SEPARATOR)
    ]
    if not name:
        if groups or uid or extras:
            raise bad_request("a group, uid or extra is to be impersonated without a user")
        return None
    namespace, _, account = name.removeprefix(_ACCOUNT).rpartition(":")
    if name.startswith(_ACCOUNT) and namespace and account:
        needs = [Attributes("impersonate", resource="serviceaccounts", namespace=namespace, name=account)]
        own = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    else:
        needs = [Attributes("impersonate", resource="users", name=name)]
        own = ()
    needs += [Attributes("impersonate", resource="groups", name=group) for group in groups]
    if uid:
        needs.append(Attributes("impersonate", "authentication.k8s.io", "uids", name=uid))
    needs += [
        Attributes("impersonate", "authentication.k8s.io", "userextras", key, name=value)
        for key, value in extras
    ]
    if name == ANONYMOUS.name:
        return Impersonation(User(name, tuple(groups) or ANONYMOUS.groups, uid), tuple(needs))
    held = tuple(dict.fromkeys((*(groups or own), AUTHENTICATED)))
    return Impersonation(User(name, held, uid), tuple(needs))
