"""What to write in place of too much: the resources and groups that a role's holders need."""

from __future__ import annotations

from collections.abc import Iterable

from argolint.analysis.rbac import Need
from argolint.analysis.rbac_power import holders, needs_of_account
from argolint.analysis.rbac_resources import BY_NAME
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.k8s import Object
from argolint.model.rbac import PolicyRule, policy_rules
from argolint.model.view import Span
from argolint.project.index import Index
from argolint.yaml.edit import delete_item, insert, replace, scalar
from argolint.yaml.nodes import Seq


def needs_of(role: Object, index: Index) -> list[Need] | None:
    """What the holders of a role need; None when that is not known of all, or nobody holds it."""
    found: list[Need] = []
    bound = holders(role, index)
    for holder in bound:
        known = needs_of_account(holder.namespace, holder.account, index)
        if known is None or not known[1]:
            return None
        found += known[0]
    return found if bound else None


def listed(policy: PolicyRule, key: str, words: list[str]) -> list[Edit]:
    """The edit that writes words in place of a `*` that stands alone under a key; [] for another list, or no words."""
    there = policy.sequence(key)
    if not words or list(there) != ["*"] or policy.is_alias(key):
        return []
    text = ", ".join(scalar(word) for word in words)
    return replace(policy.value_span(key), f"[{text}]") if there.flow else []


def needed_resources(role: Object, policy: PolicyRule, index: Index) -> list[str]:
    """The resources that the holders of a role need in the groups of a rule."""
    found = {need.resource for need in needs_of(role, index) or () if need.group in policy.api_groups}
    return sorted(found)


def home_groups(policy: PolicyRule) -> list[str]:
    """The API groups in which the resources of a rule are; [] when one of them is in none that is known, or in several."""
    found: set[str] = set()
    for word in policy.resources:
        groups = {resource.group for resource in BY_NAME.get(word.partition("/")[0], ())}
        if len(groups) != 1:
            return []
        found |= groups
    return sorted(found)


def without(role: Object, at: Span, resource: str, ctx: Context) -> list[Edit]:
    """The edits that take a resource out of the rule in which it stands at `at`; [] when somebody needs it, or that is not known."""
    needs = needs_of(role, ctx.index)
    if needs is None or any((need.group, need.resource) == ("", resource) for need in needs):
        return []
    rules = role.sequence("rules")
    for number, policy in enumerate(policy_rules(role)):
        words = policy.sequence("resources")
        place = next((i for i in range(len(words)) if policy.item_span("resources", i)[:2] == at[:2]), None)
        if place is None or policy.is_alias("resources"):
            continue
        if len(words) > 1:
            return delete_item(ctx.source, words, place)
        return (
            delete_item(ctx.source, rules, number)
            if len(rules) > 1 and len(rules) == len(policy_rules(role))
            else []
        )
    return []


def token_secret(account: str, namespace: str, ctx: Context) -> list[Edit]:
    """The edit that adds the token Secret of an account."""
    name = scalar(account + ".service-account-token")
    notes = f"  annotations:\n    kubernetes.io/service-account.name: {scalar(account)}\n"
    text = _head("v1", "Secret", name, namespace) + notes + "type: kubernetes.io/service-account-token\n"
    return appended(text, ctx)


def new_account(name: str, namespace: str, ctx: Context) -> list[Edit]:
    """The edit that adds a service account."""
    return appended(_head("v1", "ServiceAccount", scalar(name), namespace), ctx)


def role_elsewhere(
    account: str, home: str, namespace: str, rule: tuple[str, str, Iterable[str]], ctx: Context
) -> list[Edit]:
    """The edit that adds a Role in another namespace with one rule (group, resource, verbs), and its binding to the account."""
    group, resource, verbs = rule
    api = "rbac.authorization.k8s.io"
    name = scalar(f"{account}-{resource.replace('/', '-')}")
    fields = f"apiGroups: [{scalar(group)}], resources: [{scalar(resource)}], verbs: [{', '.join(verbs)}]"
    role = _head(f"{api}/v1", "Role", name, namespace) + f"rules:\n- {{{fields}}}\n"
    subject = f"subjects:\n- {{kind: ServiceAccount, name: {scalar(account)}, namespace: {scalar(home)}}}\n"
    binding = _head(f"{api}/v1", "RoleBinding", name, namespace) + subject
    return appended(f"{role}---\n{binding}roleRef: {{apiGroup: {api}, kind: Role, name: {name}}}\n", ctx)


def _head(api_version: str, kind: str, name: str, namespace: str) -> str:
    where = f"  namespace: {scalar(namespace)}\n" if namespace else ""
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n{where}"


def appended(text: str, ctx: Context) -> list[Edit]:
    """The edit that adds a document at the end of the file; [] where documents cannot be added."""
    file = ctx.file
    if file.text.lstrip()[:1] in ("{", "[") or any(isinstance(one.root, Seq) for one in file.documents):
        return []
    newline = ctx.source.newline()
    before = "" if file.text.endswith("\n") else newline
    return insert(len(file.text), before + f"---\n{text}".replace("\n", newline))
