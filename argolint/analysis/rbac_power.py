"""What a grant is worth: who gets it, which rules are dangerous, and what an account can reach by starting workflows.

Who may create a workflow chooses the account that it runs as (Argo docs: security), so that right is worth as much as the strongest account of
the namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argolint.analysis.rbac import Grant, Need, grants_of, permissions, same_namespace, subjects_of
from argolint.analysis.rbac_grant import Rule, by_account, unneeded
from argolint.analysis.rbac_needs import may_use_api, object_needs
from argolint.model.k8s import WORKFLOW_KINDS, Object
from argolint.model.rbac import PolicyRule, policy_rules
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.yaml.nodes import plain

# Accounts of the machinery itself, which need what workflows should not have.
MACHINERY = lazy(
    r"controller|operator|manager|argo-server\Z|argocd|argo-events-(?:sa|webhook)\Z|\Aargo\Z|flux|admission|webhook"
)
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class Holder(NamedTuple):
    """An account that a binding gives a role to."""

    namespace: str
    account: str
    binding: ObjectFact


def holders(role: Object, index: Index) -> list[Holder]:
    """The accounts that bindings of the tree give a role to."""
    found: list[Holder] = []
    for binding in _bindings_by_role(index).get((role.kind, role.name), ()):
        if role.kind == "Role" and not same_namespace(binding.namespace, role.namespace):
            continue
        found += [
            Holder(ns, name, binding) for kind, ns, name in subjects_of(binding) if kind == "ServiceAccount"
        ]
    return found


def _bindings_by_role(index: Index) -> dict[tuple[str, str], list[ObjectFact]]:
    """The bindings of a tree by the kind and name of the role they give."""
    known: dict[tuple[str, str], list[ObjectFact]] | None = index.memo.get("bindings-by-role")
    if known is None:
        known = index.memo["bindings-by-role"] = {}
        for binding in index.of_kind("RoleBinding", "ClusterRoleBinding"):
            reference = binding.data.get("roleRef")
            if isinstance(reference, dict):
                key = (str(reference.get("kind")), str(reference.get("name")))
                known.setdefault(key, []).append(binding)
    return known


def is_machinery(role: Object, index: Index) -> bool:
    """Whether a role is for controllers and servers: by the accounts it is bound to, or its own name when it is bound to none."""
    bound = holders(role, index)
    names = [holder.account for holder in bound] or [role.name]
    return all(MACHINERY.search(name) for name in names)


def users_of(namespace: str, account: str, index: Index, *kinds: str) -> list[ObjectFact]:
    """The objects (of some kinds) that say they run as an account."""
    users = [
        fact
        for fact in by_account(index).get(account, ())
        if fact.kind in kinds and same_namespace(fact.namespace, namespace)
    ]
    users.sort(key=lambda fact: kinds.index(fact.kind))
    return users


def workflow_users(holder: Holder, index: Index) -> list[ObjectFact]:
    """The workflows that run as the account that a binding names."""
    return users_of(holder.namespace, holder.account, index, *WORKFLOW_KINDS)


def severity_of_power(role: Object, index: Index) -> str:
    """`error` for a role that workflows, Sensors or EventSources of the tree have, or every pod of a namespace; else `warning`.

    A GitOps tree also installs operators, which need such rights for their work.
    """
    kinds = (*WORKFLOW_KINDS, "EventSource", "Sensor")
    reached = any(
        holder.account == "default" or users_of(holder.namespace, holder.account, index, *kinds)
        for holder in holders(role, index)
    )
    return "error" if reached else "warning"


def dangerous(
    role: Object, groups: tuple[str, ...], resources: tuple[str, ...], verbs: frozenset[str]
) -> Iterator[tuple[Span, str, list[str]]]:
    """(place, resource, verbs) of every literal resource in a role's rules that is one of these, with one of these verbs.

    Wildcards for all groups and resources are left out: they are reported as such.
    """
    for policy in policy_rules(role):
        held = _held(policy, verbs)
        if (
            not held
            or policy.resource_names
            or not any(group in ("*", *groups) for group in policy.api_groups)
        ):
            continue
        for i, word in enumerate(policy.sequence("resources")):
            if word in resources:
                yield policy.item_span("resources", i), word, held


def _held(policy: PolicyRule, verbs: frozenset[str]) -> list[str]:
    if "*" in policy.verbs:
        return sorted(verbs)
    return [verb for verb in policy.verbs if verb in verbs]


def strongest(namespace: str, index: Index, but: str) -> tuple[str, Grant] | None:
    """The account of a namespace that is granted most, and its widest grant; None when there is no other."""
    grants = grants_of(index)
    found: list[tuple[int, str, Grant]] = []
    for where, account in grants.accounts():
        if account == but or not same_namespace(where, namespace):
            continue
        found += [(_weight(grant), account, grant) for grant in grants.of(where or namespace, account)]
    if not found:
        return None
    _, account, grant = max(found, key=lambda item: (item[0], item[1]))
    return account, grant


def _weight(grant: Grant) -> int:
    """A rough order of grants: what they let do, and whether everywhere."""
    weight = 0
    for p in grant.permissions:
        verbs = 8 if "*" in p.verbs else len(p.verbs & WRITES) + len(p.verbs - WRITES) // 2
        weight += verbs * (10 if "*" in p.resources else 5 if "secrets" in p.resources else len(p.resources))
    return weight * (3 if grant.binding.kind == "ClusterRoleBinding" else 1)


def needs_of_account(
    namespace: str, account: str, index: Index
) -> tuple[list[Need], list[ObjectFact]] | None:
    """What the objects need that run as an account, and those objects; None when one of them cannot be judged."""
    users = _users(namespace, account, index)
    found: list[Need] = []
    for fact in users:
        needs = _needs_of_user(fact, namespace, account, index)
        if needs is None:
            return None
        found += needs
    return found, users


def _users(namespace: str, account: str, index: Index) -> list[ObjectFact]:
    return users_of(namespace, account, index, *WORKFLOW_KINDS, "Sensor", "EventSource")


def _needs_of_user(fact: ObjectFact, namespace: str, account: str, index: Index) -> list[Need] | None:
    """What one object needs of an account; None when that cannot be judged."""
    obj = index.load(fact)
    if obj is None:
        return None
    for spec in obj.workflow_specs:
        if any(may_use_api(template) for template in spec.all_templates):
            return None
    needs = object_needs(obj, index, fact.namespace or namespace)
    return [need for need in needs if need.account == account]


def excess(role: Object, index: Index) -> list[tuple[int, Rule]]:
    """(number of the rule, what of it nobody needs) for a role whose every holder is known; [] when one is not."""
    bound = holders(role, index)
    granted = list(enumerate(permissions(plain(role.get("rules"))))) if bound else []
    found: dict[tuple[str, str, str, str], Need] = {}
    extra = [(i, rule) for i, one in granted for rule in unneeded(one, ())]
    for holder in bound:
        users = _users(holder.namespace, holder.account, index)
        if not users:
            return []
        for fact in users:
            needs = _needs_of_user(fact, holder.namespace, holder.account, index)
            if needs is None:
                return []
            before = len(found)
            found.update(((need.group, need.resource, need.verb, need.name), need) for need in needs)
            if len(found) > before:
                extra = [(i, rule) for i, one in granted for rule in unneeded(one, found.values())]
                if not extra:
                    return []  # all of it is needed, whatever the other users do: they need not be read
    return extra


def demand(
    role: Object, group: str, resource: str, verb: str, index: Index
) -> tuple[Need, ObjectFact] | None:
    """What needs a permission of a role, and the object that it stands in; None when nothing of the tree does."""
    for holder in holders(role, index):
        for fact in _users(holder.namespace, holder.account, index):
            for need in _needs_of_user(fact, holder.namespace, holder.account, index) or ():
                if (need.group, need.resource, need.verb) == (group, resource, verb):
                    return need, fact
    return None


def everyone(name: str) -> str:
    """Who is in a group that holds more than its name tells; "" for other groups."""
    if name in ("system:authenticated", "system:unauthenticated"):
        return (
            "everybody who reaches the API server"
            if name.endswith(":unauthenticated")
            else "every user and every account"
        )
    if name == "system:serviceaccounts":
        return "every service account of the cluster"
    prefix = "system:serviceaccounts:"
    return f"every service account of namespace `{name[len(prefix) :]}`" if name.startswith(prefix) else ""


def only_namespaced(role: ObjectFact) -> bool:
    """Whether a ClusterRole names nothing but resources that live in namespaces."""
    from argolint.analysis.rbac_resources import BY_NAME

    rules = permissions(role.data.get("rules"))
    if not rules or any(
        rule.get("nonResourceURLs") for rule in role.data.get("rules") or [] if isinstance(rule, dict)
    ):
        return False
    for rule in rules:
        for resource in rule.resources:
            known = [
                found for found in BY_NAME.get(resource.partition("/")[0], ()) if found.group in rule.groups
            ]
            if not known or not all(found.namespaced for found in known):
                return False
    return True


def needed_verbs(role: Object, policy: PolicyRule, index: Index) -> list[str]:
    """The verbs that the holders of a role need on the resources of a rule; [] when that is not known."""
    bound = holders(role, index)
    found: dict[str, None] = {}
    for holder in bound:
        known = needs_of_account(holder.namespace, holder.account, index)
        if known is None or not known[1]:
            return []
        for need in known[0]:
            if need.group in policy.api_groups and need.resource in policy.resources:
                found[need.verb] = None
    return list(found)
