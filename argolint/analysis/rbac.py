"""Who may do what, and who needs what: the RBAC of a repository, computed from its manifests.

`Grants` answers whether an account has a permission by the Roles and bindings of the tree; the functions for templates say what
one requires of which account (`rbac_needs` puts them together for an object). Pure; no messages.

Which account does what is upstream's: a pod runs as the template's `serviceAccountName`, else the spec's, else `default`; its
`wait` container uses `executor.serviceAccountName` when that is set (template before spec).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from argolint.analysis.rbac_resources import BY_KIND, is_cluster_scoped, kubectl_resource
from argolint.model.rbac import BINDING_KINDS, ROLE_KINDS
from argolint.model.view import Span
from argolint.model.workflow import POD_TYPES, Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map

ARGO_GROUP = "argoproj.io"
RBAC_GROUP = "rbac.authorization.k8s.io"
DEFAULT_ACCOUNT = "default"

# Roles that every cluster has. What aggregates into admin, edit and view there is not known from a tree.
BUILTIN_ROLES = frozenset({"cluster-admin", "admin", "edit", "view"})


class Permission(NamedTuple):
    """A policy rule, as sets."""

    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    verbs: frozenset[str]

    def allows(self, group: str, resource: str, verb: str, name: str = "") -> bool:
        """Whether the rule covers a request; one limited by resourceNames covers only those names, and never `create`."""
        if not (
            _covers(self.groups, group) and _covers(self.verbs, verb) and self._covers_resource(resource)
        ):
            return False
        if not self.names:
            return True
        return verb not in ("create", "deletecollection") and name in self.names

    def _covers_resource(self, resource: str) -> bool:
        if "*" in self.resources or resource in self.resources:
            return True
        _, slash, sub = resource.partition("/")
        return bool(slash) and f"*/{sub}" in self.resources


def _covers(allowed: frozenset[str], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed


class Grant(NamedTuple):
    """A role bound to an account. `namespace` is where it counts ("" = everywhere, or not said)."""

    role: ObjectFact
    binding: ObjectFact
    namespace: str
    permissions: tuple[Permission, ...]


class Need(NamedTuple):
    """A permission that something requires, of which account, where it is required, and why (a clause for messages).

    `namespace` is that of the request: "" when it is the workflow's own. `kind` is what it is for: result, agent, action, poll,
    header, configmap, collect, legacy, submit, trigger or watch. `source` names who needs it; `origin` is (path, start, end) of its
    template when that stands in another object.
    """

    account: str
    group: str
    resource: str
    verb: str
    namespace: str
    name: str
    why: str
    at: Span
    kind: str = ""
    source: str = ""
    origin: tuple[str, int, int] | None = None


def permissions(rules: Any) -> tuple[Permission, ...]:
    """The rules of a role as sets; malformed entries count as empty."""
    if not isinstance(rules, list):
        return ()
    return tuple(
        Permission(*(_strings(rule.get(key)) for key in ("apiGroups", "resources", "resourceNames", "verbs")))
        for rule in rules
        if isinstance(rule, dict)
    )


def _strings(value: Any) -> frozenset[str]:
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )


class Grants:
    """What the accounts of a tree may do.

    `open` accounts are bound to a role that the tree does not hold: what they may do is unknown, and
    nothing is ever said to be missing.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._by_account: dict[str, list[tuple[str, Grant]]] = {}
        self._groups: list[tuple[str, Grant]] = []
        self._open: dict[str, list[str]] = {}
        self._accounts: list[tuple[str, str]] | None = None
        self._of: dict[tuple[str, str], list[Grant]] = {}
        self._blank = next(iter(index.of_kind(*BINDING_KINDS, "ServiceAccount")), None) is None
        for binding in index.of_kind(*BINDING_KINDS):
            self._add(binding)

    def _add(self, binding: ObjectFact) -> None:
        reference = binding.data.get("roleRef")
        if not isinstance(reference, dict):
            return
        kind, name = str(reference.get("kind", "")), str(reference.get("name", ""))
        roles = self._index.find(kind, name, binding.namespace) if kind in ROLE_KINDS else []
        where = binding.namespace if binding.kind == "RoleBinding" else ""
        for subject_kind, namespace, account in subjects_of(binding):
            for role in roles:
                grant = Grant(role, binding, where, self._permissions(role))
                if subject_kind == "Group":
                    self._groups.append((account, grant))
                else:
                    self._by_account.setdefault(account, []).append((namespace, grant))
            if not roles or any(role.data.get("aggregationRule") for role in roles):
                self._open.setdefault(account, []).append(namespace)

    def _permissions(self, role: ObjectFact) -> tuple[Permission, ...]:
        own = permissions(role.data.get("rules"))
        aggregation = role.data.get("aggregationRule")
        if not isinstance(aggregation, dict):
            return own
        found = list(own)
        for selector in aggregation.get("clusterRoleSelectors") or []:
            wanted = selector.get("matchLabels") if isinstance(selector, dict) else None
            if not isinstance(wanted, dict):
                continue
            for other in self._index.of_kind("ClusterRole"):
                labels = other.data.get("labels") or {}
                if all(labels.get(key) == value for key, value in wanted.items()):
                    found.extend(permissions(other.data.get("rules")))
        return tuple(found)

    def is_open(self, namespace: str, account: str) -> bool:
        """Whether the account is bound to a role that is not in the tree."""
        return any(same_namespace(ns, namespace) for ns in self._open.get(account, ()))

    def of(self, namespace: str, account: str) -> list[Grant]:
        """The grants of an account: its own and those of the groups it is in."""
        found = self._of.get((namespace, account))
        if found is None:
            own = [grant for ns, grant in self._by_account.get(account, ()) if same_namespace(ns, namespace)]
            groups = [grant for group, grant in self._groups if _in_group(group, namespace)]
            found = self._of[namespace, account] = own + groups
        return found

    def knows(self, namespace: str, account: str) -> bool:
        """Whether the tree manages the account's rights.

        It does when it binds anything to it, or when it holds the account itself.
        """
        return bool(self.of(namespace, account) or self._index.written("ServiceAccount", account, namespace))

    def allows(self, namespace: str, account: str, need: Need) -> bool:
        """Whether the account (of `namespace`) has a permission; true when that cannot be known."""
        if self.is_open(namespace, account):
            return True
        return any(
            self._reaches(grant, need, namespace) and covers(grant, need)
            for grant in self.of(namespace, account)
        )

    def _reaches(self, grant: Grant, need: Need, namespace: str) -> bool:
        """Whether a grant counts where the request goes: objects outside namespaces need a ClusterRoleBinding."""
        if is_cluster_scoped(need.group, need.resource):
            return grant.binding.kind == "ClusterRoleBinding"
        return same_namespace(grant.namespace, need.namespace or namespace)

    @property
    def blank(self) -> bool:
        """Whether the tree says nothing of accounts: no bindings, no service accounts."""
        return self._blank

    def accounts(self) -> list[tuple[str, str]]:
        """(namespace, name) of every account that a binding names."""
        if self._accounts is None:
            self._accounts = sorted(
                {(ns, name) for name, grants in self._by_account.items() for ns, _ in grants}
            )
        return self._accounts


def covers(grant: Grant, need: Need) -> bool:
    """Whether a grant's rules name what is needed, wherever it counts."""
    return any(p.allows(need.group, need.resource, need.verb, need.name) for p in grant.permissions)


def same_namespace(first: str, second: str) -> bool:
    """Whether two namespaces may be the same: one that is not written matches any."""
    return not first or not second or first == second


def _in_group(group: str, namespace: str) -> bool:
    if group in ("system:serviceaccounts", "system:authenticated"):
        return True
    prefix = "system:serviceaccounts:"
    return group.startswith(prefix) and same_namespace(group[len(prefix) :], namespace)


def subjects_of(binding: ObjectFact) -> Iterator[tuple[str, str, str]]:
    """(kind, namespace, name) of a binding's subjects; a ServiceAccount without a namespace has the RoleBinding's."""
    subjects = binding.data.get("subjects")
    for subject in subjects if isinstance(subjects, list) else ():
        if not isinstance(subject, dict):
            continue
        kind, name = str(subject.get("kind", "")), str(subject.get("name", ""))
        if kind == "User" and name.startswith("system:serviceaccount:") and name.count(":") == 3:
            _, _, namespace, account = name.split(":")
            yield "ServiceAccount", namespace, account
        elif kind in ("ServiceAccount", "User", "Group"):
            yield (
                kind,
                str(subject.get("namespace") or (binding.namespace if kind == "ServiceAccount" else "")),
                name,
            )


_cached: tuple[Index | None, Grants | None] = (None, None)


def grants_of(index: Index) -> Grants:
    """The Grants of an index, computed once for it."""
    global _cached
    if _cached[0] is not index or _cached[1] is None:
        _cached = (index, Grants(index))
    found = _cached[1]
    assert found is not None
    return found


# --- needs ------------------------------------------------------------------------------------------


def spec_account(spec: WorkflowSpec, index: Index | None = None, namespace: str = "") -> str:
    """The account of a spec: its own, else that of the WorkflowTemplate it is made from, else ""."""
    own = spec.text("serviceAccountName")
    if own or index is None:
        return own
    reference = spec.workflow_template_ref
    if reference is None:
        return ""
    accounts = [str(fact.data.get("service_account") or "") for fact in index.referred(reference, namespace)]
    return accounts[0] if accounts else ""


def pod_account(template: Template, account: str) -> str:
    """The account that a template's pod runs as, given its spec's."""
    defaults = template.spec.template_defaults
    own = template.text("serviceAccountName") or (
        defaults.text("serviceAccountName") if defaults is not None else ""
    )
    return own or account or DEFAULT_ACCOUNT


def reporting_account(template: Template, account: str) -> str:
    """The account whose token the `wait` container uses to report results."""
    for view in (template, template.spec):
        executor = view.mapping("executor").text("serviceAccountName")
        if executor:
            return executor
    return pod_account(template, account)


def account_span(template: Template) -> Span:
    """Where the account of a template is chosen: its field, the spec's, or the template's name."""
    for view in (template.mapping("executor"), template, template.spec.mapping("executor"), template.spec):
        if view.text("serviceAccountName"):
            return view.value_span("serviceAccountName")
    return template.name_span


# What each action of a resource template does, as kubectl does it.
ACTION_VERBS: dict[str, tuple[str, ...]] = {
    "create": ("create",),
    "get": ("get",),
    "delete": ("delete",),
    "apply": ("get", "create", "patch"),
    "patch": ("get", "patch"),
    "replace": ("get", "update"),
}


def task_result_needs(template: Template, account: str) -> list[Need]:
    """Reporting a pod's results: create and patch on workflowtaskresults."""
    if template.type not in POD_TYPES:
        return []
    who = reporting_account(template, account)
    why = f"the pod of {template.label} reports its result"
    at = account_span(template)
    return [
        Need(who, ARGO_GROUP, "workflowtaskresults", verb, "", "", why, at, "result")
        for verb in ("create", "patch")
    ]


def agent_needs(template: Template, account: str) -> list[Need]:
    """http and plugin templates run in an agent that reads task sets; it only ever uses the spec's account."""
    if template.type not in ("http", "plugin"):
        return []
    who = account or DEFAULT_ACCOUNT
    why = f"the agent that runs {template.label} reads task sets and reports on them"
    at = template.spec.value_span("serviceAccountName") if account else template.name_span
    wanted = (
        ("workflowtasksets", "list"),
        ("workflowtasksets", "watch"),
        ("workflowtasksets/status", "patch"),
    )
    return [Need(who, ARGO_GROUP, resource, verb, "", "", why, at, "agent") for resource, verb in wanted]


def resource_needs(template: Template, account: str) -> list[Need]:
    """What a resource template's action does to the object of its manifest; [] when that cannot be read."""
    if template.type != "resource":
        return []
    body = template.body
    action = body.text("action")
    manifest = read_manifest(body.text("manifest")) or read_flags(body.sequence("flags"))
    verbs = list(ACTION_VERBS.get(action, ()))
    if manifest is None or not verbs:
        return []
    group, kind, namespace, name = manifest
    known = BY_KIND.get((group, kind))
    resource = known.name if known is not None else plural_of(kind)
    who = pod_account(template, account)
    at = body.value_span("action")
    why = f"{template.label} does `{action}` on {kind}"
    found = [Need(who, group, resource, verb, namespace, name, why, at, "action") for verb in verbs]
    polls = poll_of(template)
    if polls is not None and "get" not in verbs:
        why = (
            f"{template.label} waits for its {kind}"
            if "Condition" in polls.where
            else f"{template.label} reads its {kind}"
        )
        found.append(Need(who, group, resource, "get", namespace, name, why, polls, "poll"))
    return found


def poll_of(template: Template) -> Span | None:
    """Where a resource template asks for the object again: a condition, or an output read from it; None when it does not."""
    body = template.body
    if body.text("action") == "delete":
        return None
    for key in ("successCondition", "failureCondition"):
        if body.text(key):
            return body.value_span(key)
    for port in template.outputs.parameters:
        source = port.mapping("valueFrom")
        for key in ("jsonPath", "jqFilter"):
            if key in source:
                return source.value_span(key)
    return None


_TAG = lazy(r"\{\{.*?\}\}")


def read_manifest(text: str) -> tuple[str, str, str, str] | None:
    """(group, kind, namespace, name) of an embedded manifest, "" for what a tag or nobody gives; None when unreadable."""
    if not text:
        return None
    # A tag is no YAML; only what it stands for is lost by putting a word in its place.
    documents = parse(_TAG.sub("argolint-tag", text)).documents
    roots = [document.root for document in documents if isinstance(document.root, Map)]
    if len(roots) != 1:
        return None
    root = roots[0]
    kind, version = root.get("kind"), root.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or "argolint-tag" in kind + version:
        return None
    metadata = root.get("metadata")
    metadata = metadata if isinstance(metadata, Map) else {}
    return version.rpartition("/")[0], kind, _known(metadata.get("namespace")), _known(metadata.get("name"))


def read_flags(flags: list[Any]) -> tuple[str, str, str, str] | None:
    """(group, kind, namespace, name) of `flags: [deployment, web, -n, prod]`, as kubectl reads them; None when they do not tell."""
    words = [flag for flag in flags if isinstance(flag, str)]
    if len(words) != len(flags) or not words or "{{" in words[0]:
        return None
    namespace, plain = "", []
    at = 0
    while at < len(words):
        word = words[at]
        flag, equals, value = word.partition("=")
        if flag in ("-n", "--namespace"):
            at += not equals
            namespace = value or (words[at] if at < len(words) else "")
        elif not word.startswith("-"):
            plain.append(word)
        at += 1
    found = kubectl_resource(plain[0]) if plain else None
    if found is None:
        return None
    name = plain[0].partition("/")[2] or (plain[1] if len(plain) > 1 else "")
    return found.group, found.kind, "" if "{{" in namespace else namespace, "" if "{{" in name else name


def _known(value: Any) -> str:
    return value if isinstance(value, str) and "argolint-tag" not in value else ""


_PLURALS = {
    "Endpoints": "endpoints",
    "EventBus": "eventbus",
    "NetworkPolicy": "networkpolicies",
    "Ingress": "ingresses",
    "IngressClass": "ingressclasses",
    "PriorityClass": "priorityclasses",
    "StorageClass": "storageclasses",
}


def plural_of(kind: str) -> str:
    """The resource name of a kind, by the convention that API conventions ask for."""
    known = _PLURALS.get(kind)
    if known:
        return known
    low = kind.lower()
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return low[:-1] + "ies"
    if low.endswith(("s", "x", "ch", "sh")):
        return low + "es"
    return low + "s"


def missing(needs: Iterable[Need], namespace: str, grants: Grants) -> list[Need]:
    """The needs that the tree's grants do not meet, for accounts whose rights the tree manages."""
    return [
        need
        for need in needs
        if grants.knows(namespace, need.account) and not grants.allows(namespace, need.account, need)
    ]
