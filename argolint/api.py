"""Linting in memory, for the other tools: texts in, a report out. Nothing is read from disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from argolint import redact, registry
from argolint.analysis.patches import extent, kustomized
from argolint.context import File, read
from argolint.diagnostic import Diagnostic
from argolint.model.k8s import KUSTOMIZE_KINDS, Object
from argolint.project.facts import ObjectFact, facts_of_objects, unpack
from argolint.project.index import Index
from argolint.runner import (
    Plan,
    conclude,
    failed_imports,
    run_hooks,
    run_project,
    with_fingerprints,
)
from argolint.settings import Settings
from argolint.suppress import suppressions_of
from argolint.text import SourceText


class Source(NamedTuple):
    """A text to lint and the path that reports name it by."""

    path: str
    text: str


class Report(NamedTuple):
    """The findings (sorted by path and position), the texts they point into, and counts.

    `summary` has files, objects, error, warning, info, fixable. `tracebacks` is not empty when a rule crashed.
    `files` has the paths that were linted. `secrets` has the places in the texts that no report may show, those of
    suppressed findings included.
    """

    findings: list[Diagnostic]
    texts: dict[str, SourceText]
    summary: dict[str, int]
    tracebacks: Sequence[str] = ()
    files: tuple[str, ...] = ()
    secrets: redact.Secrets = MappingProxyType({})


def check(sources: Iterable[Source], settings: Settings | None = None) -> Report:
    """Lint texts together, as one project. `settings` defaults to a run without configuration.

    Raises UserError when the settings name rules that do not exist. Bad manifests never raise: they are findings.
    """
    settings = settings or Settings()
    plan = Plan(registry.load(settings.rules), settings)
    return check_with(plan, sources, settings)


def check_with(plan: Plan, sources: Iterable[Source], settings: Settings) -> Report:
    """`check` with rules that are loaded already, for callers that lint again and again."""
    files = [read(source.path, source.text) for source in sources]
    index = index_of(files)
    elsewhere: dict[str, list[Diagnostic]] = {}
    for item in run_project(plan, settings, index):
        elsewhere.setdefault(item.path, []).append(item)
    findings: list[Diagnostic] = failed_imports(plan)
    told: list[Diagnostic] = []
    known = kustomized(index.of_kind(*KUSTOMIZE_KINDS))
    for file in files:
        local, cross = run_hooks(file, "all", plan, settings, index)
        mine = local + cross + elsewhere.pop(file.path, [])
        told += mine
        of = extent(file.path, known)
        findings.extend(conclude(file.path, file.source, mine, suppressions_of(file), plan, settings, of))
    for rest in elsewhere.values():
        findings.extend(rest)
    texts = {file.path: file.source for file in files}
    secrets = redact.places_of([*told, *findings])
    findings = with_fingerprints(redact.findings_without(findings, secrets, texts))
    objects = sum(len(objects) for file in files for objects in file.objects)
    summary = summarise(findings, len(files), objects)
    return Report(findings, texts, summary, plan.tracebacks, tuple(texts), secrets)


def index_of(files: Iterable[File]) -> Index:
    """The index over files that are in memory."""
    by_path = {file.path: file for file in files}
    facts = [unpack(path, item) for path, file in by_path.items() for item in facts_of_objects(file.objects)]
    broken = [path for path, file in by_path.items() if any(document.broken for document in file.documents)]

    def load(fact: ObjectFact) -> Object | None:
        file = by_path.get(fact.path)
        if file is None or fact.document >= len(file.objects):
            return None
        return next((obj for obj in file.objects[fact.document] if obj.where == fact.where), None)

    return Index(facts, by_path, broken, load)


def summarise(findings: Iterable[Diagnostic], files: int, objects: int) -> dict[str, int]:
    """The counts of a report."""
    summary = {"files": files, "objects": objects, "error": 0, "warning": 0, "info": 0, "fixable": 0}
    for item in findings:
        summary[item.severity] += 1
        summary["fixable"] += item.fix is not None
    return summary


def parse_objects(sources: Iterable[Source]) -> list[tuple[str, Any]]:
    """(path, object) for every Kubernetes object in the texts; the object is a dict (a Map, with positions).

    Items of a List are given one by one; documents that do not parse and objects embedded in others are left out.
    """
    found: list[tuple[str, Any]] = []
    for source in sources:
        file = read(source.path, source.text)
        found.extend(
            (source.path, obj.map) for objects in file.objects for obj in objects if obj.parent is None
        )
    return found
