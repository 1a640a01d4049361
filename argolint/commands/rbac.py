"""Print the least permissions that workflows need: ServiceAccounts, Roles and RoleBindings, or what the manifests grant too little or too much.

Examples:
  argolint rbac workflows/                    the RBAC that everything in the folder needs
  argolint rbac build.yaml > rbac.yaml        of one workflow; templates it refers to are looked up in the repository
  argolint rbac --namespace ci -o json .      for manifests that do not say their namespace
  argolint rbac --check .                     compare with the Roles and bindings of the repository

exit codes: 0 printed, or nothing differs; 1 --check found differences; 2 usage, or nothing that runs was found
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any

from argolint.analysis.rbac import RBAC_GROUP, Grants
from argolint.analysis.rbac_grant import Difference, Located, Role, Rule, differences, least_roles
from argolint.analysis.rbac_needs import may_use_api, object_needs, runs_alone
from argolint.api import index_of
from argolint.batch import collect
from argolint.commands.settings import settings_of
from argolint.context import File, read
from argolint.errors import UserError
from argolint.model.k8s import Object
from argolint.project.index import Index
from argolint.text import decode

HELP = "print the least RBAC that workflows need, or compare it with what is granted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argolint rbac`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or globs (default: .)")
    parser.add_argument(
        "--check", action="store_true", help="compare with what the manifests grant; exit 1 when it differs"
    )
    parser.add_argument(
        "-o", "--output", choices=("yaml", "json"), default="yaml", help="the format (default: yaml)"
    )
    parser.add_argument(
        "--namespace", default="", metavar="NS", help="the namespace of objects that do not say one"
    )
    parser.add_argument(
        "--service-account",
        default="default",
        metavar="NAME",
        help="the account of what names none (default: default)",
    )
    parser.add_argument("--no-context", action="store_true", help="do not read the rest of the repository")
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (default: the nearest .argolint.yaml)"
    )
    parser.add_argument("--no-config", action="store_true", help="use no configuration file")
    # No rules are run: what chooses them has no flags here.
    parser.set_defaults(select=None, ignore=None, extend_select=None, extend_ignore=None, argo_version=None)


def run(args: argparse.Namespace) -> int:
    """Print, and return the exit code."""
    paths = args.paths or ["."]
    settings, _ = settings_of(args, paths)
    inputs = collect(paths, settings, "" if args.no_context else settings.root)
    files: list[tuple[File, bool]] = []
    for item in inputs:
        text, problem = decode(item.data or b"")
        files.append((read(item.path, text, problem), item.target))
    broken = [file.path for file, target in files if target and any(d.broken for d in file.documents)]
    if broken:
        raise UserError(f"{broken[0]}: does not parse", "`argolint check` says what is wrong with it")
    index = index_of(file for file, _ in files)
    targets = [obj for file, target in files if target for objects in file.objects for obj in objects]
    needs = needed(targets, index, args.namespace, args.service_account)
    if not needs:
        raise UserError(
            f"nothing in {', '.join(paths)} needs permissions",
            "name files with Workflows, WorkflowTemplates, CronWorkflows, Sensors or EventSources",
        )
    if args.check:
        return _check(needs, index, args.output)
    documents = manifests(least_roles(needs), index)
    if args.output == "json":
        items = [
            {key: value for key, value in document.items() if key != _COMMENTS} for document in documents
        ]
        sys.stdout.write(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2) + "\n")
    else:
        sys.stdout.write(to_yaml(documents))
    silent = sorted({obj.name or obj.generate_name for obj in targets if _speaks_for_itself(obj)})
    if silent:
        print(
            f"argolint: containers of {', '.join(silent)} seem to use the Kubernetes API by themselves; what they do there is not included",
            file=sys.stderr,
        )
    return 0


def needed(
    objects: Iterable[Object], index: Index, namespace: str = "", account: str = "default"
) -> list[Located]:
    """What the objects need of accounts. `namespace` and `account` stand in where an object names none.

    Templates that other objects call run as accounts of their callers, so libraries of templates need nothing themselves.
    """
    found: list[Located] = []
    for obj in objects:
        home = obj.namespace or (obj.parent.namespace if obj.parent is not None else "") or namespace
        if not all(runs_alone(spec, index, home) for spec in obj.workflow_specs):
            continue
        for need in object_needs(obj, index, home):
            who = account if need.account == "default" else need.account
            source = need.source or need.why
            named = (
                source
                if obj.kind in ("Sensor", "EventSource") or need.origin
                else f"{obj.kind} `{_name(obj)}`, {source}"
            )
            found.append(Located(home, need._replace(account=who, source=named)))
    return found


def _name(obj: Object) -> str:
    return obj.name or obj.generate_name or "?"


def _speaks_for_itself(obj: Object) -> bool:
    return any(may_use_api(template) for spec in obj.workflow_specs for template in spec.all_templates)


_COMMENTS = "#"


def manifests(roles: Iterable[Role], index: Index) -> list[dict[str, Any]]:
    """ServiceAccounts (those that are not `default`), roles and bindings, as objects.

    Under the key `#` a role has, for each of its rules, the sources that need it.
    """
    found: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for role in roles:
        owner = (role.account_namespace, role.account)
        if owner not in seen and role.account != "default":
            known = index.find("ServiceAccount", role.account, role.account_namespace)
            found.append(_service_account(role, known[0].data.get("annotations") if known else None))
        seen.add(owner)
        kind = "ClusterRole" if role.cluster else "Role"
        name = _role_name(role)
        place = {"namespace": role.namespace} if role.namespace and not role.cluster else {}
        found.append(
            {
                "apiVersion": f"{RBAC_GROUP}/v1",
                "kind": kind,
                "metadata": {"name": name, **place},
                "rules": [_policy(rule) for rule in role.rules],
                _COMMENTS: [rule.sources for rule in role.rules],
            }
        )
        subject = {"kind": "ServiceAccount", "name": role.account}
        if role.account_namespace:
            subject["namespace"] = role.account_namespace
        found.append(
            {
                "apiVersion": f"{RBAC_GROUP}/v1",
                "kind": f"{kind}Binding",
                "metadata": {"name": name, **place},
                "subjects": [subject],
                "roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": name},
            }
        )
    return found


def _role_name(role: Role) -> str:
    """Roles for other namespaces, and for all of them, must not share a name with that of the account's own."""
    name = "workflow" if role.account == "default" else role.account
    foreign = role.cluster or role.namespace != role.account_namespace
    return f"{role.account_namespace}-{name}" if foreign and role.account_namespace else name


def _service_account(role: Role, annotations: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": role.account}
    if role.account_namespace:
        metadata["namespace"] = role.account_namespace
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _policy(rule: Rule) -> dict[str, Any]:
    names = {"resourceNames": list(rule.names)} if rule.names else {}
    return {"apiGroups": [rule.group], "resources": list(rule.resources), **names, "verbs": list(rule.verbs)}


def to_yaml(documents: Iterable[dict[str, Any]]) -> str:
    """The objects as YAML documents; a comment above each rule says who needs it."""
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    writer = YAML()
    writer.explicit_start = False
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    texts: list[str] = []
    for document in documents:
        comments = document.get(_COMMENTS, ())
        tree = CommentedMap((key, value) for key, value in document.items() if key != _COMMENTS)
        if "rules" in tree:
            tree["rules"] = rules = CommentedSeq(
                _inline_lists(rule, CommentedMap, CommentedSeq) for rule in tree["rules"]
            )
            for i, sources in enumerate(comments):
                if sources:
                    rules.yaml_set_comment_before_after_key(
                        i, before="\n".join(f"for {source}" for source in sources), indent=2
                    )
        out = StringIO()
        writer.dump(tree, out)
        texts.append(out.getvalue())
    return "---\n".join(texts)


def _inline_lists(rule: dict[str, Any], make_map: Any, make_seq: Any) -> Any:
    made = make_map()
    for key, value in rule.items():
        items = make_seq(value)
        items.fa.set_flow_style()
        made[key] = items
    return made


def _check(needs: list[Located], index: Index, output: str) -> int:
    found = differences(needs, Grants(index))
    differs = any(item.missing or item.excess for item in found)
    if output == "json":
        sys.stdout.write(json.dumps([_difference(item) for item in found], indent=2) + "\n")
    else:
        sys.stdout.write("".join(_lines(item) for item in found))
    return int(differs)


def _difference(item: Difference) -> dict[str, Any]:
    return {
        "serviceAccount": item.account,
        "namespace": item.namespace,
        "missing": [{**_policy(rule), "for": list(rule.sources)} for rule in item.missing],
        "excess": [{**_policy(rule), "from": list(rule.sources)} for rule in item.excess],
        "unknown": item.unknown,
    }


def _lines(item: Difference) -> str:
    who = f"{item.namespace}/{item.account}" if item.namespace else item.account
    lines = [f"{who}:"]
    lines += [f"  missing: {_short(rule)}, for {'; '.join(rule.sources)}" for rule in item.missing]
    lines += [f"  excess:  {_short(rule)}, from {'; '.join(rule.sources)}" for rule in item.excess]
    if item.unknown:
        lines.append("  unknown: it is bound to a role that is not among the manifests")
    if len(lines) == 1:
        lines.append("  ok")
    return "\n".join(lines) + "\n"


def _short(rule: Rule) -> str:
    group = rule.group or "core"
    names = f" named {', '.join(rule.names)}" if rule.names else ""
    return f"{', '.join(rule.verbs)} {', '.join(rule.resources)} ({group}){names}"
