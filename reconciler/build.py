"""From the files of a revision to the objects that a target wants, each with the place that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from argolint.yaml import Map, Seq, parse, plain
from reconciler.config import TargetConfig
from reconciler.model import (
    ARGO_API_VERSION,
    INSTANCE_LABEL,
    MANAGED_KINDS,
    TARGET_LABEL,
    Desired,
    Finding,
    Key,
    Obj,
)
from reconciler.references import references
from reconciler.text import clean

MAX_OBJECT_BYTES = 1_000_000

_DROPPED_METADATA = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class Build(NamedTuple):
    """The objects wanted, the reasons against them, and where each reference of an object stands: (key, where) -> line.

    `users` are objects that are not applied and refer to templates: Sensors, event bindings, runs.
    """

    objects: tuple[Desired, ...]
    findings: tuple[Finding, ...]
    lines: dict[tuple[Key, str], int]
    users: tuple[Desired, ...] = ()


class _Found(NamedTuple):
    """A document: `node` knows positions, `text` is its file's."""

    path: str
    text: str
    start: int
    node: Any

    def line(self, *steps: str | int) -> int:
        """The line of a field, or of the nearest thing around it."""
        node: Any = self.node
        offset = self.start
        for step in steps:
            if isinstance(node, Map) and step in node:
                offset = node.at[str(step)][0]
            elif isinstance(node, Seq) and isinstance(step, int) and step < len(node):
                offset = node.at[step][0]
            else:
                break
            node = node[step]
        return self.text.count("\n", 0, offset) + 1


def build(files: Iterable[tuple[str, str]], target: TargetConfig, namespace: str) -> Build:
    """Parse `files`, keep the kinds that the target takes, and check what needs no cluster.

    `namespace` is the target's default. Objects get their namespace and the target's label; fields that only a server
    writes are dropped. Findings of severity error mean that an object or a file cannot be used.
    """
    findings: list[Finding] = []
    objects: dict[Key, Desired] = {}
    lines: dict[tuple[Key, str], int] = {}
    users: list[Desired] = []
    allowed = target.namespaces or (namespace,)
    for path, text in files:
        for found in _documents(path, text, findings):
            if not _ours(found, target, findings):
                user = _user(found, namespace)
                if user is not None:
                    users.append(user)
                continue
            desired = _desired(found, target, namespace, allowed, findings)
            if desired is None:
                continue
            first = objects.get(desired.key)
            if first is not None:
                findings.append(
                    Finding(
                        "duplicate-object",
                        "error",
                        f"{desired.key} is also defined at {first.path}:{first.line}",
                        path,
                        desired.line,
                        "keep one of the two",
                        str(desired.key),
                    )
                )
                continue
            objects[desired.key] = desired
            for ref in references(desired.object):
                lines[(desired.key, ref.where)] = found.line(*ref.steps, "name")
                lines[(desired.key, f"{ref.where}.template")] = found.line(*ref.steps, "template")
    return Build(tuple(objects.values()), tuple(findings), lines, tuple(users))


def _user(found: _Found, namespace: str) -> Desired | None:
    """An object that is not applied, when it refers to a template."""
    obj: Obj = plain(found.node)
    meta = obj.get("metadata")
    kind = obj.get("kind")
    if not isinstance(meta, dict) or not isinstance(kind, str) or not isinstance(obj.get("spec"), dict):
        return None
    name = str(meta.get("name") or f"{meta.get('generateName') or '?'}*")
    place = str(meta.get("namespace") or namespace)
    obj["metadata"] = {**meta, "name": name, "namespace": place}
    if not references(obj):
        return None
    return Desired(Key(clean(kind, limit=60), place, clean(name, limit=300)), obj, found.path, found.line())


def _documents(path: str, text: str, findings: list[Finding]) -> list[_Found]:
    stream = parse(text)
    out: list[_Found] = []
    for problem in stream.problems:
        findings.append(_yaml_finding(path, text, problem))
    for document in stream.documents:
        for problem in document.problems:
            findings.append(_yaml_finding(path, text, problem))
        if not document.broken and document.root is not None:
            out += _expand(_Found(path, text, document.start, document.root))
    return out


def _yaml_finding(path: str, text: str, problem: Any) -> Finding:
    line = text.count("\n", 0, problem.start) + 1
    return Finding(
        f"yaml-{problem.kind}",
        "error",
        clean(problem.message, limit=200),
        path,
        line,
        "correct the file, or exclude it if it is no manifest",
    )


def _expand(found: _Found) -> list[_Found]:
    """The members of a List, or the document itself; its line is that of its first key."""
    node: Any = found.node
    if not isinstance(node, Map):
        return []
    if str(node.get("kind", "")).endswith("List") and isinstance(node.get("items"), list):
        items = node["items"]
        return [
            _Found(found.path, found.text, items.at[i][0], item)
            for i, item in enumerate(items)
            if isinstance(item, dict)
        ]
    return [found._replace(start=next(iter(node.at.values()))[0] if node.at else found.start)]


def _ours(found: _Found, target: TargetConfig, findings: list[Finding]) -> bool:
    """Whether the document is of a kind that the target takes; others are noted, warned about or refused."""
    node = found.node
    kind, version = node.get("kind"), node.get("apiVersion")
    if "sops" in node and isinstance(node["sops"], dict):
        findings.append(
            Finding(
                "encrypted",
                "error",
                "the file is encrypted by SOPS; it is not decrypted here",
                found.path,
                found.line("sops"),
                "exclude the file",
            )
        )
        return False
    if not isinstance(kind, str) or not isinstance(version, str):
        return False
    if kind in target.kinds and version.startswith("argoproj.io/"):
        if version == ARGO_API_VERSION:
            return True
        findings.append(
            Finding(
                "api-version",
                "error",
                f"{kind} has apiVersion {clean(version)}, not {ARGO_API_VERSION}",
                found.path,
                found.line("apiVersion"),
                f"write apiVersion: {ARGO_API_VERSION}",
            )
        )
        return False
    severity = {"ignore": "info", "warn": "warning", "error": "error"}[target.others]
    if kind == "Workflow":
        message, remedy = (
            "a Workflow is a run, not desired state; it is not applied",
            "submit it, or make it a WorkflowTemplate",
        )
    elif kind in MANAGED_KINDS and version.startswith("argoproj.io/"):
        message, remedy = (
            f"{kind} is not among the kinds that the target allows",
            "add it to `allow.kinds`, or exclude the file",
        )
    else:
        message, remedy = (
            f"{clean(kind, limit=60)} is not a kind that argosync applies",
            "exclude the file, or let another tool apply it",
        )
    findings.append(Finding("kind-not-applied", severity, message, found.path, found.line("kind"), remedy))  # type: ignore[arg-type]
    return False


def _desired(
    found: _Found, target: TargetConfig, namespace: str, allowed: tuple[str, ...], findings: list[Finding]
) -> Desired | None:
    obj: Obj = plain(found.node)
    kind = obj["kind"]

    def refuse(rule: str, message: str, remedy: str, *steps: str | int) -> None:
        findings.append(
            Finding(rule, "error", message, found.path, found.line(*steps), remedy, f"{kind} {name or '?'}")
        )

    meta = obj.get("metadata")
    name = meta.get("name") if isinstance(meta, dict) else None
    name = name if isinstance(name, str) else ""
    if not isinstance(meta, dict) or not name:
        generated = isinstance(meta, dict) and "generateName" in meta
        message = (
            f"{kind} has generateName, so each write would make another object"
            if generated
            else f"{kind} has no name"
        )
        refuse("no-name", message, "give it metadata.name", "metadata", "generateName")
        return None
    if not _NAME.fullmatch(name):
        refuse(
            "bad-name",
            f"{clean(name, limit=80)!r} is not a name of an object",
            "use lower-case letters, digits, - and .",
            "metadata",
            "name",
        )
        return None
    for field in ("labels", "annotations"):
        values = meta.get(field)
        if values is not None and not (
            isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
        ):
            refuse(
                "bad-metadata",
                f"metadata.{field} must be a mapping of strings",
                "quote the values",
                "metadata",
                field,
            )
            return None
    if not isinstance(obj.get("spec"), dict):
        refuse("no-spec", f"{kind} {name} has no spec", "write its spec", "kind")
        return None
    meta = {k: v for k, v in meta.items() if k not in _DROPPED_METADATA and v is not None}
    place = ""
    if kind == "ClusterWorkflowTemplate":
        meta.pop("namespace", None)
    else:
        place = str(meta.get("namespace") or namespace)
        if place not in allowed and "*" not in allowed:
            refuse(
                "namespace-not-allowed",
                f"namespace {clean(place, limit=80)} is not among those that the target allows ({', '.join(allowed)})",
                "change metadata.namespace, or add it to `allow.namespaces`",
                "metadata",
                "namespace",
            )
            return None
        meta["namespace"] = place
    labels = dict(meta.get("labels") or {})
    if target.instance_id and labels.setdefault(INSTANCE_LABEL, target.instance_id) != target.instance_id:
        refuse(
            "instance-id",
            f"label {INSTANCE_LABEL} is not {target.instance_id!r}",
            "drop the label",
            "metadata",
            "labels",
            INSTANCE_LABEL,
        )
        return None
    labels[TARGET_LABEL] = target.name
    meta["labels"] = labels
    rest = {k: v for k, v in obj.items() if k not in ("status", "metadata", "apiVersion", "kind")}
    wanted = {"apiVersion": ARGO_API_VERSION, "kind": kind, "metadata": meta, **rest}
    size = len(str(wanted))
    if size > MAX_OBJECT_BYTES:
        refuse(
            "object-too-large",
            f"{kind} {name} has about {size} bytes; a cluster stores at most 1.5 MB",
            "split it",
            "metadata",
            "name",
        )
        return None
    return Desired(Key(kind, place, name), wanted, found.path, found.line())
