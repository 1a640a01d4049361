"""What accounts lack, in the words that rules report, and where the tree gives it to somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from argolint.analysis.rbac import (
    ARGO_GROUP,
    DEFAULT_ACCOUNT,
    Grant,
    Grants,
    Need,
    covers,
    grants_of,
    missing,
    same_namespace,
)
from argolint.analysis.rbac_grant import rule_added
from argolint.analysis.rbac_needs import account_of, collecting, object_needs, runs_alone
from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.model.workflow import WorkflowSpec
from argolint.project.facts import ObjectFact
from argolint.project.index import Index

_EVENTS = ("submit", "trigger", "watch")


class Lack(NamedTuple):
    """Verbs that an account lacks for one resource, and where that shows.

    `roles` are the roles bound to it, `held` whether they surely count; `places` are (path, start, end) with what is there.
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
    roles: tuple[ObjectFact, ...]

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
        unnamed = self.account == DEFAULT_ACCOUNT and self.kind in _EVENTS
        return None if self.held and not unnamed else "warning"


_last: tuple[Any, Index | None, list[Lack]] = (None, None, [])


def lacks(obj: Object, index: Index, namespace: str, *kinds: str) -> list[Lack]:
    """What the accounts lack that an object runs as, of the given kinds of need; computed once for all rules."""
    global _last
    if _last[0] is not obj.map or _last[1] is not index:
        _last = (obj.map, index, _all(obj, index, namespace))
    return [lack for lack in _last[2] if lack.kind in kinds]


def _all(obj: Object, index: Index, namespace: str) -> list[Lack]:
    grants = grants_of(index)
    if grants.blank or not any(
        _concerns(spec, index, namespace, grants) for spec in obj.workflow_specs or (None,)
    ):
        return []
    if not all(runs_alone(spec, index, namespace) for spec in obj.workflow_specs):
        return []
    if any(_said_there(spec, index, namespace) for spec in obj.workflow_specs):
        return []
    needs = object_needs(obj, index, namespace)
    if obj.kind in ("Sensor", "EventSource"):
        # An account that nobody chose: what it needs is missing when the tree gives just that to another one.
        unnamed = [
            need
            for need in needs
            if need.account == DEFAULT_ACCOUNT and not grants.knows(namespace, DEFAULT_ACCOUNT)
        ]
        elsewhere = [need for need in unnamed if granted_to_others(need, namespace, grants)]
        return grouped([*missing(needs, namespace, grants), *elsewhere], namespace, grants)
    return grouped(missing(needs, namespace, grants), namespace, grants)


def _said_there(spec: WorkflowSpec, index: Index, namespace: str) -> bool:
    """Whether a spec is made from a WorkflowTemplate that names the account and stands in the same namespace: it lacks the same."""
    reference = spec.workflow_template_ref
    if reference is None or spec.text("serviceAccountName") or "executor" in spec or "artifactGC" in spec:
        return False
    found = index.referred(reference, namespace)
    return bool(found) and bool(found[0].data.get("service_account")) and found[0].namespace == namespace


def granted_to_others(need: Need, namespace: str, grants: Grants) -> bool:
    """Whether an account of the namespace has what another one needs."""
    return any(
        same_namespace(where, namespace)
        and any(
            covers(grant, need) and grant.role.name != "cluster-admin" for grant in grants.of(namespace, name)
        )
        for where, name in grants.accounts()
        if name != need.account
    )


def _concerns(spec: WorkflowSpec | None, index: Index, namespace: str, grants: Grants) -> bool:
    """Whether the tree knows anything of the accounts that a spec may run as: a cheap test before the thorough one."""
    if spec is None or any(reference.object_name for reference in spec.references()):
        return True
    accounts = {account_of(spec, index, namespace) or DEFAULT_ACCOUNT, DEFAULT_ACCOUNT}
    accounts.update(account for account, _ in collecting(spec))
    for view in (spec, *spec.all_templates):
        accounts.add(view.text("serviceAccountName"))
        accounts.add(view.mapping("executor").text("serviceAccountName"))
    defaults = spec.template_defaults
    if defaults is not None:
        accounts.add(defaults.text("serviceAccountName"))
    return any(account and grants.knows(namespace, account) for account in accounts)


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
    # Triggers and events act in many namespaces: without any, whether a binding counts there is a guess.
    sure = bool(held) and (bool(namespace) or need.kind not in _EVENTS)
    verbs = tuple(dict.fromkeys(one.verb for one in needs))
    return Lack(
        need.at, need.account, need.group, need.resource, verbs, need.namespace, need.why, need.kind, sure,
        tuple(places), tuple(needs), tuple(roles.values()),
    )  # fmt: skip


def role_fix(lack: Lack, ctx: Context) -> list[Edit] | None:
    """A rule for what is lacking, added to a role that is bound to the account and stands in the file at hand; None when there is none."""
    if is_cluster_scoped(lack.group, lack.resource):
        return None
    for fact in lack.roles:
        if fact.path != ctx.path or not same_namespace(fact.namespace, lack.namespace or ctx.namespace):
            continue
        role = ctx.index.load(fact)
        if role is not None:
            return rule_added(ctx.source, role, lack.group, lack.resource, lack.verbs) or None
    return None


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


_instead: tuple[Index | None, dict[tuple[str, str], Grant | None]] = (None, {})


def instead(index: Index, namespace: str, account: str) -> Grant | None:
    """A grant to report results that another account of the namespace has, when `account` is bound to nothing.

    Whether two accounts are of one namespace must be certain here, or another team's account would be advised: both say the
    same one, or neither says any.
    """
    global _instead
    if _instead[0] is not index:
        _instead = (index, {})
    key = (namespace, account or DEFAULT_ACCOUNT)
    if key not in _instead[1]:
        _instead[1][key] = _elsewhere(*key, grants_of(index))
    return _instead[1][key]


def _elsewhere(namespace: str, who: str, grants: Grants) -> Grant | None:
    if grants.of(namespace, who) or grants.is_open(namespace, who):
        return None
    wanted = [
        Need("", ARGO_GROUP, "workflowtaskresults", verb, "", "", "", Span(0, 0))
        for verb in ("create", "patch")
    ]
    for where, name in grants.accounts():
        if name == who or where != namespace:
            continue
        for grant in grants.of(namespace, name):
            everywhere = grant.binding.kind == "ClusterRoleBinding"
            if (everywhere or grant.namespace == namespace) and all(covers(grant, need) for need in wanted):
                return grant
    return None
