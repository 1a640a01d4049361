"""Whether a revision may be let through: lint, references over repository and cluster, and what the build refused.

The server's dry run is part of planning (plan.py); its refusals join the ones found here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from argolint.diagnostic import SEVERITY_RANK
from argolint.errors import UserError
from reconciler.cluster import Live, owned
from reconciler.config import TargetConfig
from reconciler.model import TEMPLATE_KINDS, Desired, Finding, Key, Obj, key_of
from reconciler.references import missing, references, unmet
from reconciler.text import clean

_CLUSTER = "(cluster)/"

Lint = Callable[[Iterable[tuple[str, str]], TargetConfig], list[Finding]]


class Verdict(NamedTuple):
    """The objects that may be applied, why others may not, and which are held back (quarantine)."""

    accepted: tuple[Desired, ...]
    findings: tuple[Finding, ...]
    held: frozenset[Key]
    refused: bool


def judge(
    desired: Iterable[Desired],
    files: Iterable[tuple[str, str]],
    earlier: Iterable[Finding],
    lines: Mapping[tuple[Key, str], int],
    live: Live,
    target: TargetConfig,
    namespace: str,
    lint: Lint | None = None,
) -> Verdict:
    """Check the revision as it would be in the cluster: everything there that is not the target's, and `desired`.

    `earlier` are findings of reading and building. In mode all-or-nothing one refusing finding refuses the revision; in
    mode quarantine the objects with refusing findings are held back, and so is everything that depends on them.
    """
    wanted = list(desired)
    others = {key: obj for key, obj in live.objects.items() if not owned(obj, target.name)}
    mine = {d.key for d in wanted}
    spaces = {"", *(key.namespace for key in mine)}
    outside = [obj for key, obj in others.items() if key not in mine and _matters(key, obj, mine, spaces)]
    findings = list(earlier)
    findings += unresolved(wanted, others, lines, live.hidden)
    lint = lint or lint_files
    texts, around = list(files), _as_files(outside, namespace)
    linted = lint([*texts, *around], target)
    findings += _about_repository(linted, findings, target)
    broken = _broken_consumers(wanted, others, live)
    findings += broken
    if not broken:
        findings += _worse_consumers(wanted, outside, linted, live, namespace, target, lint)
    findings.sort(key=lambda f: (f.path, f.line, -SEVERITY_RANK[f.severity], f.rule))
    return settle(wanted, findings, target)


def settle(wanted: Iterable[Desired], findings: Iterable[Finding], target: TargetConfig) -> Verdict:
    """What the findings mean for the revision, by the target's mode."""
    wanted, found = list(wanted), tuple(findings)
    bad = [f for f in found if refuses(f, target)]
    if not bad:
        return Verdict(tuple(wanted), found, frozenset(), False)
    if target.mode != "quarantine":
        return Verdict((), found, frozenset(), True)
    held = {d.key for d in wanted for f in bad if _concerns(f, d, wanted)}
    known = {d.path for d in wanted}
    if any(not f.path and not f.object for f in bad) or (not held and all(f.path in known for f in bad)):
        return Verdict((), found, frozenset(), True)
    edges = {d.key: {r.key for r in references(d.object)} for d in wanted}
    while True:
        more = {key for key, used in edges.items() if key not in held and used & held}
        if not more:
            break
        held |= more
    return Verdict(tuple(d for d in wanted if d.key not in held), found, frozenset(held), False)


def refuses(finding: Finding, target: TargetConfig) -> bool:
    """Whether the finding is at or above the severity that the target fails on."""
    return SEVERITY_RANK[finding.severity] >= SEVERITY_RANK[target.fail_on]


def _concerns(finding: Finding, desired: Desired, wanted: list[Desired]) -> bool:
    """Whether the finding is about this object; one with no object concerns the object that its line is in."""
    if finding.object:
        names = (str(desired.key), f"{desired.key.kind} {desired.key.name}")
        return finding.object in names and finding.path in ("", desired.path)
    if finding.path != desired.path:
        return False
    before = [d.line for d in wanted if d.path == desired.path and d.line <= finding.line]
    return not before or desired.line == max(before)


def unresolved(
    wanted: Iterable[Desired],
    others: Mapping[Key, Obj],
    lines: Mapping[tuple[Key, str], int],
    hidden: frozenset[str] = frozenset(),
) -> list[Finding]:
    """References of the wanted objects that lead nowhere, neither in the revision nor in the cluster.

    What leads to a kind that may not be listed is a warning: nobody can know.
    """
    wanted = list(wanted)
    objects = {**others, **{d.key: d.object for d in wanted}}
    out = []
    for item in wanted:
        for ref, problem in missing(item.object, objects.get):
            line = lines.get((item.key, ref.where), item.line)
            if ref.key.kind in hidden and ref.key not in objects:
                message = f"{ref.where}: cannot be checked, since {ref.key.kind}s may not be listed"
                out.append(
                    Finding(
                        "reference-not-checked",
                        "warning",
                        message,
                        item.path,
                        line,
                        "give argosync this right",
                        str(item.key),
                    )
                )
                continue
            out.append(
                Finding(
                    "reference-not-found",
                    "error",
                    f"{ref.where}: {clean(problem, limit=300)}, neither in this revision nor in the cluster",
                    item.path,
                    line,
                    "correct the name, or add the template",
                    str(item.key),
                )
            )
    return out


def _broken_consumers(wanted: list[Desired], others: Mapping[Key, Obj], live: Live) -> list[Finding]:
    """Objects of others in the cluster whose references are good now and would not be afterwards."""
    future = {**others, **{d.key: d.object for d in wanted}}
    places = {d.key: d for d in wanted}
    out = []
    for key, obj in others.items():
        if key in places:
            continue
        now_broken = {
            ref.where for ref, _ in (*missing(obj, live.objects.get), *unmet(obj, live.objects.get))
        }
        for ref, problem in (*missing(obj, future.get), *unmet(obj, future.get)):
            # An object that is merely gone from Git stays in the cluster while it is used: pruning sees to that.
            if ref.where in now_broken or ref.key not in places:
                continue
            place = places[ref.key]
            out.append(
                Finding(
                    "breaks-consumer",
                    "error",
                    f"{key}, which is in the cluster and not in this revision, would break: {clean(problem, limit=300)}",
                    place.path,
                    place.line,
                    "keep the template until its users have moved on",
                    str(place.key),
                )
            )
    return out


def _matters(key: Key, obj: Obj, mine: set[Key], spaces: set[str]) -> bool:
    """Whether an object of others can be about the revision: a template within reach, or a user of one of ours."""
    if key.kind in TEMPLATE_KINDS and key.namespace in spaces:
        return True
    return any(ref.key in mine for ref in references(obj))


def _worse_consumers(
    wanted: list[Desired],
    outside: list[Obj],
    linted: list[Finding],
    live: Live,
    namespace: str,
    target: TargetConfig,
    lint: Lint,
) -> list[Finding]:
    """Errors that the linter finds in objects of others with this revision, and not with what is live now."""
    after = [f for f in linted if f.path.startswith(_CLUSTER) and f.severity == "error"]
    if not after:
        return []
    today = [obj for key, obj in live.objects.items() if key in {d.key for d in wanted}]
    before = {(f.path, f.rule, f.message) for f in lint(_as_files([*outside, *today], namespace), target)}
    users = {f"{_CLUSTER}{k.kind}/{k.namespace}/{k.name}.json": obj for obj in outside for k in [key_of(obj)]}
    places = {d.key: d for d in wanted}
    out = []
    for finding in after:
        obj = users.get(finding.path)
        place = next((places[r.key] for r in references(obj or {}) if r.key in places), None)
        if obj is None or place is None or (finding.path, finding.rule, finding.message) in before:
            continue
        out.append(
            Finding(
                "breaks-consumer",
                "error",
                f"{key_of(obj)}, which is in the cluster and not in this revision, would break: {finding.message} ({finding.rule})",
                place.path,
                place.line,
                "keep what its users rely on until they have moved on",
                str(place.key),
            )
        )
    return out


def _about_repository(linted: list[Finding], earlier: list[Finding], target: TargetConfig) -> list[Finding]:
    """Lint findings in files of the repository; those that say what is known already are dropped.

    Objects that are not applied cannot refuse the revision: what is wrong with them is a warning.
    """
    told = {(f.path, f.line) for f in earlier if f.severity == "error"}
    out = []
    for finding in linted:
        if finding.path.startswith(_CLUSTER) or (finding.path, finding.line) in told:
            continue
        kind = finding.object.split(" ", 1)[0]
        if kind and kind not in target.kinds:
            finding = finding._replace(severity="info")
        out.append(finding)
    return out


def _as_files(objects: Iterable[Obj], namespace: str) -> list[tuple[str, str]]:
    """Objects of the cluster as texts. The default namespace is left out, as it is in most manifests of a repository."""
    out = []
    for obj in objects:
        key = key_of(obj)
        meta: Obj = {"name": key.name}
        if key.namespace and key.namespace != namespace:
            meta["namespace"] = key.namespace
        text = json.dumps({**obj, "metadata": meta, "status": None})
        out.append((f"{_CLUSTER}{key.kind}/{key.namespace}/{key.name}.json", text))
    return out


def linter(config_text: str, folder: Path) -> Lint:
    """`lint_files` with the linter's configuration of the repository, which is put into `folder` to be read."""

    def lint(files: Iterable[tuple[str, str]], target: TargetConfig) -> list[Finding]:
        from argolint.config import load

        name = ".argolint.yaml"
        settings = None
        if config_text:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / name
            file.write_text(config_text, encoding="utf-8")
            try:
                settings = load(str(file))
            except UserError as error:
                message = clean(error.message.replace(str(file), name), limit=300)
                return [Finding("lint-configuration", "error", message, name, 1, error.remedy)]
            # Rules are Python: those of a repository are not run here, and a baseline is a file that is not here.
            settings.rules, settings.baseline, settings.root = (), "", ""
        return lint_files(files, target, settings)

    return lint


def lint_files(files: Iterable[tuple[str, str]], target: TargetConfig, settings: Any = None) -> list[Finding]:
    """What argolint says of the texts, linted together as one project."""
    from argolint.api import Source, check
    from argolint.settings import Settings

    settings = settings or Settings()
    # References are resolved here, over repository and cluster; the linter sees only the former.
    settings.external_references = "ignore"
    if target.argo_version:
        major, minor = target.argo_version.lstrip("v").split(".")[:2]
        settings.argo_version = (int(major), int(minor))
    try:
        report = check([Source(path, text) for path, text in files], settings)
    except UserError as error:
        return [
            Finding(
                "lint-configuration",
                "error",
                clean(error.message, limit=300),
                ".argolint.yaml",
                1,
                error.remedy,
            )
        ]
    out = []
    for item in report.findings:
        line = report.texts[item.path].line_col(item.start)[0] if item.path in report.texts else 0
        where = f"{item.where}: " if item.where else ""
        about = item.object
        name = f"{about.namespace}/{about.name}" if about.namespace else about.name
        out.append(
            Finding(
                f"{item.code} {item.name}".strip(),
                item.severity,
                clean(where + item.message, limit=600),
                item.path,
                line,
                clean(item.help, limit=400),
                clean(f"{about.kind} {name}".strip(), limit=300),
            )
        )
    return out
