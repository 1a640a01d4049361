"""RBAC objects: rules, role references and subjects."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.model.events import strings
from argolint.model.k8s import Object
from argolint.model.view import Span, View

ROLE_KINDS = ("Role", "ClusterRole")
BINDING_KINDS = ("RoleBinding", "ClusterRoleBinding")


class PolicyRule(View):
    """One entry of a role's `rules`."""

    __slots__ = ()

    @property
    def api_groups(self) -> list[str]:
        return strings(self.get("apiGroups"))

    @property
    def resources(self) -> list[str]:
        return strings(self.get("resources"))

    @property
    def verbs(self) -> list[str]:
        return strings(self.get("verbs"))

    @property
    def resource_names(self) -> list[str]:
        return strings(self.get("resourceNames"))


def policy_rules(role: Object) -> list[PolicyRule]:
    """The rules of a Role or a ClusterRole."""
    return [PolicyRule(view.map, view.where) for view in role.items("rules")]


def named(role: Object, key: str) -> Iterator[tuple[PolicyRule, str, Span]]:
    """(rule, word, where it stands) of every word under a key of the rules, without those that a tool fills in."""
    for policy in policy_rules(role):
        for number, word in enumerate(policy.sequence(key)):
            if isinstance(word, str) and "{{" not in word:
                yield policy, word, policy.item_span(key, number)


def role_ref(binding: Object) -> View:
    """`roleRef` of a binding: kind, name, apiGroup."""
    return binding.mapping("roleRef")


def subjects(binding: Object) -> list[View]:
    """`subjects` of a binding: kind, name, namespace."""
    return binding.items("subjects")
