"""What accounts lack, in the words that rules report, and where the tree gives it to somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from argolint.analysis.rbac import (
    DEFAULT_ACCOUNT,
    Grant,
    Grants,
    Need,
    covers,
    grants_of,
    missing,
    same_namespace,
)
from argolint.analysis.rbac_needs import object_needs, runs_alone
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.model.workflow import WorkflowSpec
from argolint.project.facts import ObjectFact
from argolint.project.index import Index


class Lack(NamedTuple):
    """Verbs that an account lacks for one resource, and where that shows.

    `roles` are the roles bound to it, `held` whether there are any; `places` are (path, start, end) with what is there.
    """

    at: Span
    account: str
    group: str
    resource: str
    verbs: tuple[str, ...]
    namespace: str
    why: str
    kind: str
    held: bool
    places: tuple[tuple[tuple[str, int, int], str], ...]
    needs: tuple[Need, ...]

    @property
    def message(self) -> str:
        """One sentence: who may not do what, and why it is needed."""
        where = f" in namespace `{self.namespace}`" if self.namespace else ""
        verbs = " or ".join(f"`{verb}`" for verb in self.verbs)
        return f"service account `{self.account}` may not {verbs} `{self.resource}`{where}; {self.why}"

    @property
    def help(self) -> str:
        """The rule that is missing."""
        group = self.group or '""'
        return f"grant it: apiGroups [{group}], resources [{self.resource}], verbs [{', '.join(self.verbs)}]"

    @property
    def severity(self) -> str | None:
        """A warning when nothing is bound to the account in the tree, or nobody named one: its rights may be kept elsewhere."""
        unnamed = self.account == DEFAULT_ACCOUNT and self.kind in ("submit", "trigger", "watch")
        return None if self.held and not unnamed else "warning"


_last: tuple[Any, Index | None, list[Lack]] = (None, None, [])


def lacks(obj: Object, index: Index, namespace: str, *kinds: str) -> list[Lack]:
    """What the accounts lack that an object runs as, of the given kinds of need; computed once for all rules."""
    global _last
    if _last[0] is not obj.map or _last[1] is not index:
        _last = (obj.map, index, _all(obj, index, namespace))
    return [lack for lack in _last[2] if lack.kind in kinds]


def _all(obj: Object, index: Index, namespace: str) -> list[Lack]:
    if not all(runs_alone(spec, index, namespace) for spec in obj.workflow_specs):
        return []
    return grouped(
        missing(object_needs(obj, index, namespace), namespace, grants_of(index)), namespace, grants_of(index)
    )


def grouped(needs: Iterable[Need], namespace: str, grants: Grants) -> list[Lack]:
    """Missing needs, the verbs of one resource at one place together."""
    found: dict[tuple[Any, ...], list[Need]] = {}
    for need in needs:
        found.setdefault(
            (need.at, need.account, need.group, need.resource, need.namespace, need.kind), []
        ).append(need)
    return [_lack(same, namespace, grants) for same in found.values()]


def _lack(needs: list[Need], namespace: str, grants: Grants) -> Lack:
    need = needs[0]
    held = grants.of(namespace, need.account)
    roles: dict[tuple[str, int], ObjectFact] = {(g.role.path, g.role.start): g.role for g in held}
    places = [((r.path, *r.span), f"{r.kind} `{r.name}` is bound to it") for r in roles.values()]
    if need.origin is not None:
        places.append((need.origin, "the template is here"))
    verbs = tuple(dict.fromkeys(one.verb for one in needs))
    return Lack(
        need.at, need.account, need.group, need.resource, verbs, need.namespace, need.why, need.kind, bool(held),
        tuple(places), tuple(needs),
    )  # fmt: skip


def ineffective(lack: Lack, namespace: str, grants: Grants) -> Grant | None:
    """A grant of the same account that names what it lacks, but does not count there."""
    return next(
        (
            grant
            for grant in grants.of(namespace, lack.account)
            if all(covers(grant, need) for need in lack.needs)
        ),
        None,
    )


def instead(spec: WorkflowSpec, index: Index, namespace: str, account: str) -> Grant | None:
    """A grant to report results that another account of the namespace has, when `account` is bound to nothing."""
    grants = grants_of(index)
    who = account or DEFAULT_ACCOUNT
    if grants.of(namespace, who) or grants.is_open(namespace, who):
        return None
    wanted = [
        Need("", "argoproj.io", "workflowtaskresults", verb, "", "", "", spec.head)
        for verb in ("create", "patch")
    ]
    for where, name in grants.accounts():
        if name == who or not same_namespace(where, namespace):
            continue
        for grant in grants.of(namespace, name):
            if same_namespace(grant.namespace, namespace) and all(covers(grant, need) for need in wanted):
                return grant
    return None
