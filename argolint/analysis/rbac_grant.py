"""The least that has to be granted: policy rules from needs, and how what is granted differs from that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from argolint.analysis.rbac import Grants, Need, Permission
from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.text import SourceText
from argolint.yaml.edit import insert, line_start, whole_lines
from argolint.yaml.nodes import Map, Seq

_ORDER = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_NAMED = frozenset({"get", "update", "patch", "delete"})


class Rule(NamedTuple):
    """A policy rule, and who needs it."""

    group: str
    resources: tuple[str, ...]
    names: tuple[str, ...]
    verbs: tuple[str, ...]
    sources: tuple[str, ...]


class Role(NamedTuple):
    """The rules that an account needs in one namespace; `cluster` for objects outside namespaces."""

    account: str
    account_namespace: str
    namespace: str
    cluster: bool
    rules: tuple[Rule, ...]


class Located(NamedTuple):
    """A need, and the namespace of the object that has it."""

    namespace: str
    need: Need


def least_roles(needs: Iterable[Located]) -> list[Role]:
    """The smallest roles that meet the needs: by account, then by where they count."""
    scopes: dict[tuple[str, str, str, bool], list[Need]] = {}
    for home, need in needs:
        cluster = is_cluster_scoped(need.group, need.resource)
        where = "" if cluster else need.namespace or home
        scopes.setdefault((home, need.account, where, cluster), []).append(need)
    order = sorted(scopes, key=lambda key: (key[0], key[1], key[3], key[2] != key[0], key[2]))
    return [
        Role(account, home, where, cluster, least_rules(scopes[home, account, where, cluster]))
        for home, account, where, cluster in order
    ]


def least_rules(needs: Iterable[Need]) -> tuple[Rule, ...]:
    """The needs as policy rules. Resources that need the same verbs share a rule; a known object name limits it, where names can."""
    wanted: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for need in needs:
        name = need.name if need.verb in _NAMED else ""
        verbs = wanted.setdefault((need.group, need.resource, name), {})
        sources = verbs.setdefault(need.verb, [])
        if need.source and need.source not in sources:
            sources.append(need.source)
    _drop_implied(wanted)
    shared: dict[tuple[str, str, tuple[str, ...]], tuple[list[str], list[str]]] = {}
    for (group, resource, name), verbs in wanted.items():
        key = (group, name, tuple(sorted(verbs, key=_rank)))
        resources, sources = shared.setdefault(key, ([], []))
        resources.append(resource)
        for some in verbs.values():
            sources += [source for source in some if source not in sources]
    return tuple(
        Rule(group, tuple(sorted(resources)), (name,) if name else (), verbs, tuple(sources))
        for (group, name, verbs), (resources, sources) in sorted(shared.items(), key=lambda item: item[0])
    )


def _drop_implied(wanted: dict[tuple[str, str, str], dict[str, list[str]]]) -> None:
    """Drop what is needed for one object name and for all objects, too."""
    for group, resource, name in list(wanted):
        every = wanted.get((group, resource, "")) if name else None
        if every is None:
            continue
        named = wanted[group, resource, name]
        for verb in [verb for verb in named if verb in every]:
            every[verb] += [source for source in named.pop(verb) if source not in every[verb]]
        if not named:
            del wanted[group, resource, name]


def _rank(verb: str) -> int:
    return _ORDER.index(verb) if verb in _ORDER else len(_ORDER)


class Difference(NamedTuple):
    """How an account's grants in the tree differ from what it needs. `unknown`: it is bound to a role outside the tree."""

    account: str
    namespace: str
    missing: tuple[Rule, ...]
    excess: tuple[Rule, ...]
    unknown: bool


def differences(needs: Iterable[Located], grants: Grants) -> list[Difference]:
    """For every account that something needs: what it lacks, and what it has beyond that."""
    by_account: dict[tuple[str, str], list[Need]] = {}
    for home, need in needs:
        by_account.setdefault((home, need.account), []).append(need)
    return [
        Difference(
            account,
            home,
            least_rules(need for need in some if not grants.allows(home, account, need)),
            () if grants.is_open(home, account) else excess_of(home, account, some, grants),
            grants.is_open(home, account),
        )
        for (home, account), some in sorted(by_account.items())
    ]


def excess_of(namespace: str, account: str, needs: Iterable[Need], grants: Grants) -> tuple[Rule, ...]:
    """What is granted to an account and no need asks for, as rules; `sources` names the roles."""
    needs = list(needs)
    found: list[Rule] = []
    for grant in grants.of(namespace, account):
        for permission in grant.permissions:
            found += unneeded(permission, needs, f"{grant.role.kind} {grant.role.name}")
    return tuple(dict.fromkeys(found))


def unneeded(permission: Permission, needs: Iterable[Need], source: str = "") -> list[Rule]:
    """The part of a policy rule that none of the needs asks for; a wildcard is too much unless nothing smaller would do."""
    needs = list(needs)
    found: list[Rule] = []
    names = tuple(sorted(permission.names))
    for group in sorted(permission.groups):
        extra: dict[tuple[str, ...], list[str]] = {}
        for resource in sorted(permission.resources):
            verbs = [
                verb
                for verb in sorted(permission.verbs, key=_rank)
                if not any(
                    need.group == group
                    and need.resource == resource
                    and need.verb == verb
                    and (not names or need.name in names)
                    for need in needs
                )
            ]
            if verbs:
                extra.setdefault(tuple(verbs), []).append(resource)
        found += [
            Rule(group, tuple(resources), names, verbs, (source,)) for verbs, resources in extra.items()
        ]
    return found


def includes(wide: Permission, narrow: Permission) -> bool:
    """Whether a policy rule grants everything that another does."""
    pairs = ((wide.groups, narrow.groups), (wide.resources, narrow.resources), (wide.verbs, narrow.verbs))
    if not all("*" in most or some <= most for most, some in pairs):
        return False
    return not wide.names or bool(narrow.names and narrow.names <= wide.names)


def runs_as(namespace: str, account: str, index: Index) -> bool:
    """Whether a workflow, sensor or event source of the namespace says that it runs as the account."""
    return any(fact.namespace == namespace for fact in by_account(index).get(account, ()))


def by_account(index: Index) -> dict[str, list[ObjectFact]]:
    """The objects that say they run as an account, or have a template that does, by the account's name."""
    known: dict[str, list[ObjectFact]] | None = index.memo.get("users-by-account")
    if known is None:
        known = index.memo["users-by-account"] = {}
        for fact in index.objects:
            names: set[str | None] = {template.service_account for template in fact.templates}
            names.add(fact.data.get("service_account"))
            for name in names:
                if name is not None:
                    known.setdefault(name, []).append(fact)
    return known


def is_bound(role: Object, index: Index) -> bool:
    """Whether a binding of the tree names the role, be it as the wrong kind."""
    bound: set[str] | None = index.memo.get("bound-roles")
    if bound is None:
        references = [b.data.get("roleRef") for b in index.of_kind("RoleBinding", "ClusterRoleBinding")]
        names = [reference.get("name") for reference in references if isinstance(reference, dict)]
        bound = index.memo["bound-roles"] = {name for name in names if isinstance(name, str)}
    return role.name in bound


def appended(source: SourceText, words: Seq, word: str) -> list[Edit]:
    """A word as another item of a list; [] for an empty list."""
    if not words:
        return []
    start, end = words.at[-1]
    if words.flow:
        return insert(end, f", {word}")
    line = line_start(source, start)
    indent = source.text[line:start].rpartition("-")[0]
    if indent.strip():
        return []
    return insert(end, f"{source.newline()}{indent}- {word}")


def rule_added(
    source: SourceText, role: Object, group: str, resource: str, verbs: Iterable[str]
) -> list[Edit]:
    """Another rule below those of a role, written as the last one is; [] when it has none to stand below."""
    rules = role.sequence("rules")
    if not rules or rules.flow or rules.aliases or role.is_alias("rules") or not isinstance(rules[-1], Map):
        return []
    start, _ = rules.at[-1]
    line = line_start(source, start)
    indent = source.text[line:start].rpartition("-")[0]
    if indent.strip():
        return []
    fields = (
        f"apiGroups: [{group or chr(34) * 2}]",
        f"resources: [{resource}]",
        f"verbs: [{', '.join(verbs)}]",
    )
    newline = source.newline()
    if rules[-1].flow:
        text = f"{indent}- {{{', '.join(fields)}}}"
    else:
        text = f"{newline}{indent}  ".join((f"{indent}- {fields[0]}", *fields[1:]))
    end = whole_lines(source, *rules.at[-1])[1]
    return insert(end, ("" if source.text[:end].endswith("\n") else newline) + text + newline)
