"""RBAC objects: rules, role references and subjects."""

from __future__ import annotations

from argolint.model.events import strings
from argolint.model.k8s import Object
from argolint.model.view import View

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


def role_ref(binding: Object) -> View:
    """`roleRef` of a binding: kind, name, apiGroup."""
    return binding.mapping("roleRef")


def subjects(binding: Object) -> list[View]:
    """`subjects` of a binding: kind, name, namespace."""
    return binding.items("subjects")
