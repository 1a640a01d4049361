"""Role-based access control: what Roles and bindings let a user do.

The rules of a user are collected once and kept until a role or a binding changes; so are decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from executor.cluster.auth import MASTERS, User
from executor.cluster.budgets import selects
from executor.cluster.store import Event, Store

GROUP: Final = "rbac.authorization.k8s.io"
_KINDS: Final = ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
_MAX_DECISIONS: Final = 50_000


class Attributes(NamedTuple):
    """What a request wants to do: a verb on a resource, or with `path`, on a URL that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def target(self) -> str:
        """`resource` or `resource/subresource`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Granted(NamedTuple):
    """A rule that a user has: in one namespace, or with None everywhere; `origin` names the binding."""

    namespace: str | None
    rule: Mapping[str, Any]
    origin: str


def allows(rule: Mapping[str, Any], wanted: Attributes) -> bool:
    """Whether one rule of a role allows a request."""
    verbs = rule.get("verbs") or ()
    if wanted.verb not in verbs and "*" not in verbs:
        return False
    if wanted.path:
        urls = rule.get("nonResourceURLs") or ()
        return any(
            url == wanted.path or (url.endswith("*") and wanted.path.startswith(url[:-1])) for url in urls
        )
    groups = rule.get("apiGroups") or ()
    if wanted.group not in groups and "*" not in groups:
        return False
    resources = rule.get("resources") or ()
    listed = wanted.target in resources or "*" in resources
    if not (listed or (wanted.subresource and f"*/{wanted.subresource}" in resources)):
        return False
    names = rule.get("resourceNames") or ()
    return not names or wanted.name in names


def denial(user: User, wanted: Attributes) -> str:
    """Why a request is refused, in upstream's words."""
    if wanted.path:
        return f'User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {wanted.verb} resource "{wanted.target}" in API group "{wanted.group}" {where}'


class Authorizer:
    """Decides about requests by the roles and bindings in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._rules: dict[User, list[Granted]] = {}
        self._decisions: dict[tuple[User, Attributes], bool] = {}
        for kind in _KINDS:
            store.listen(f"{kind}.{GROUP}", self._changed)

    def _changed(self, _event: Event) -> None:
        self._rules.clear()
        self._decisions.clear()

    def allowed(self, user: User, wanted: Attributes) -> bool:
        """Whether a user may do this."""
        if MASTERS in user.groups:
            return True
        key = (user, wanted)
        known = self._decisions.get(key)
        if known is None:
            if len(self._decisions) >= _MAX_DECISIONS:
                self._decisions.clear()
            known = self._decisions[key] = self.reason(user, wanted) is not None
        return known

    def reason(self, user: User, wanted: Attributes) -> str | None:
        """The binding that allows it; None when there is none."""
        if MASTERS in user.groups:
            return ""
        for granted in self.rules_of(user):
            if granted.namespace in (None, wanted.namespace) and allows(granted.rule, wanted):
                return granted.origin
        return None

    def rules_of(self, user: User) -> list[Granted]:
        """All rules that a user has."""
        if user not in self._rules:
            self._rules[user] = list(self._collect(user))
        return self._rules[user]

    def _collect(self, user: User) -> Iterator[Granted]:
        for entry in self.store.items(f"clusterrolebindings.{GROUP}"):
            if _binds(entry.obj, user):
                for rule in self.role_rules(entry.obj.get("roleRef") or {}, ""):
                    yield Granted(None, rule, f'ClusterRoleBinding "{entry.obj["metadata"]["name"]}"')
        for entry in self.store.items(f"rolebindings.{GROUP}"):
            if _binds(entry.obj, user):
                data = entry.obj["metadata"]
                for rule in self.role_rules(entry.obj.get("roleRef") or {}, data["namespace"]):
                    yield Granted(
                        data["namespace"], rule, f'RoleBinding "{data["namespace"]}/{data["name"]}"'
                    )

    def role_rules(self, reference: Mapping[str, Any], namespace: str) -> list[Mapping[str, Any]]:
        """The rules of the role that a binding names; none when it does not exist."""
        name = str(reference.get("name"))
        if reference.get("kind") == "Role":
            entry = self.store.get(f"roles.{GROUP}", namespace, name)
            return list((entry.obj.get("rules") if entry else None) or ())
        entry = self.store.get(f"clusterroles.{GROUP}", "", name)
        if entry is None:
            return []
        aggregation = entry.obj.get("aggregationRule")
        rules = list(entry.obj.get("rules") or ())
        if aggregation:
            for selector in aggregation.get("clusterRoleSelectors") or ():
                for other in self.store.items(f"clusterroles.{GROUP}"):
                    if selects(selector, other.obj["metadata"].get("labels") or {}):
                        rules += other.obj.get("rules") or ()
        return rules

    def missing(self, user: User, namespace: str, rules: Iterable[Mapping[str, Any]]) -> list[str]:
        """What these rules allow that the user may not do himself: he may not grant it (upstream: escalation check)."""
        if MASTERS in user.groups:
            return []
        lacking = []
        for rule in rules:
            for wanted in _demands(rule, namespace):
                if not self.allowed(user, wanted):
                    lacking.append(f"{wanted.verb} {wanted.target or wanted.path}")
        return lacking


def _demands(rule: Mapping[str, Any], namespace: str) -> Iterator[Attributes]:
    for verb in rule.get("verbs") or ():
        for url in rule.get("nonResourceURLs") or ():
            yield Attributes(verb, path=url)
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                plural, _, sub = resource.partition("/")
                for name in rule.get("resourceNames") or ("",):
                    yield Attributes(verb, group, plural, sub, namespace, name)


def _binds(binding: Mapping[str, Any], user: User) -> bool:
    namespace = binding["metadata"].get("namespace", "")
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return True
        if kind == "Group" and name in user.groups:
            return True
        if kind == "ServiceAccount":
            where = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{where}:{name}":
                return True
    return False
