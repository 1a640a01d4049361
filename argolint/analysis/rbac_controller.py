"""What the workflow controller does as its own account, and which accounts of a tree are controllers'."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import ARGO_GROUP, Need, covers, grants_of
from argolint.model.view import Span
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import Index

_SIGNATURE = Need("", ARGO_GROUP, "workflowtasksets", "create", "", "", "", Span(0, 0))


def controllers_of(index: Index) -> list[tuple[str, str]]:
    """(namespace, account) of those that look like controllers: they may create task sets, which nobody else needs to.

    Accounts that may do everything, and those bound to roles outside the tree, are left out.
    """
    known: list[tuple[str, str]] | None = index.memo.get("controllers")
    if known is not None:
        return known
    grants = grants_of(index)
    found: list[tuple[str, str]] = []
    index.memo["controllers"] = found
    for namespace, account in grants.accounts():
        held = grants.of(namespace, account)
        if grants.is_open(namespace, account) or not any(covers(grant, _SIGNATURE) for grant in held):
            continue
        if not any("*" in p.resources and "*" in p.verbs for grant in held for p in grant.permissions):
            found.append((namespace, account))
    return found


def controller_needs(spec: WorkflowSpec) -> Iterator[tuple[Span, str, str, tuple[str, ...], str]]:
    """(place, group, resource, verbs, feature) for what a spec lets the controller do."""
    if spec.sequence("volumeClaimTemplates"):
        yield (
            spec.key_span("volumeClaimTemplates"),
            "",
            "persistentvolumeclaims",
            ("create", "get", "update", "delete"),
            "volumeClaimTemplates",
        )
    if spec.get("podDisruptionBudget"):
        yield (
            spec.key_span("podDisruptionBudget"),
            "policy",
            "poddisruptionbudgets",
            ("create", "get", "delete"),
            "podDisruptionBudget",
        )
    for view in (spec, *spec.all_templates):
        if view.get("memoize"):
            yield view.key_span("memoize"), "", "configmaps", ("get", "create", "update"), "memoization"
        locks = view.mapping("synchronization")
        if any(
            lock.get("configMapKeyRef") for lock in (locks.mapping("semaphore"), *locks.items("semaphores"))
        ):
            yield view.key_span("synchronization"), "", "configmaps", ("get",), "a semaphore"
