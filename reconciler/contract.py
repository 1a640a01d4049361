"""What a changed template means for those who call it: a comparison of interfaces, not of lines.

A caller depends on the names of templates, on their inputs and on their outputs. What takes one of these away, or asks for
more, is breaking; what adds is compatible; everything else is the template's own business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from reconciler.fields import Change
from reconciler.model import Obj

_TEMPLATE = re.compile(r"spec\.templates\[([^\]]*)\]\.?(.*)")


class ContractChange(NamedTuple):
    """One change of an interface; `template` is "" for the arguments of the whole object."""

    severity: Literal["breaking", "compatible"]
    template: str
    message: str


def contract_changes(before: Obj | None, after: Obj | None) -> tuple[ContractChange, ...]:
    """How the interface of a WorkflowTemplate or ClusterWorkflowTemplate changes, breaking changes first."""
    if before is None or after is None:
        return ()
    old, new = _spec(before), _spec(after)
    found = list(_required("", "arguments", old.get("arguments"), new.get("arguments")))
    mine, theirs = _by_name(old.get("templates")), _by_name(new.get("templates"))
    for name in sorted(mine.keys() | theirs.keys()):
        if name not in theirs:
            found.append(ContractChange("breaking", name, "the template is removed"))
        elif name not in mine:
            found.append(ContractChange("compatible", name, "the template is new"))
        else:
            found += _required(name, "inputs", mine[name].get("inputs"), theirs[name].get("inputs"))
            found += _offered(name, mine[name].get("outputs"), theirs[name].get("outputs"))
    if old.get("entrypoint") != new.get("entrypoint"):
        kept = new.get("entrypoint") or not old.get("entrypoint")
        message = f"entrypoint: {old.get('entrypoint') or 'none'} → {new.get('entrypoint') or 'none'}"
        found.append(ContractChange("compatible" if kept else "breaking", "", message))
    return tuple(sorted(found, key=lambda c: (c.severity, c.template, c.message)))


def by_template(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Changes of fields by the template that they are in, "" for the rest; paths become relative to the template."""
    out: dict[str, list[Change]] = {}
    for change in changes:
        match = _TEMPLATE.fullmatch(change.path)
        name = match.group(1) if match else ""
        path = (match.group(2) or "(whole)") if match else change.path
        out.setdefault(name, []).append(change._replace(path=path))
    return dict(sorted(out.items()))


def _required(template: str, where: str, before: Any, after: Any) -> Iterable[ContractChange]:
    """What callers must pass."""
    for part, optional in (("parameters", _has_default), ("artifacts", _is_optional)):
        old, new = _part(before, part), _part(after, part)
        for name in sorted(old.keys() | new.keys()):
            what = f"{where}.{part}.{name}"
            if name not in new:
                yield ContractChange("breaking", template, f"{what} is removed")
            elif name not in old:
                free = optional(new[name])
                text = "is new and optional" if free else "is new and has no default"
                yield ContractChange("compatible" if free else "breaking", template, f"{what} {text}")
            else:
                if optional(old[name]) and not optional(new[name]):
                    yield ContractChange("breaking", template, f"{what} has lost its default")
                yield from _narrowed(template, what, old[name], new[name])


def _narrowed(template: str, what: str, old: Obj, new: Obj) -> Iterable[ContractChange]:
    before, after = old.get("enum"), new.get("enum")
    if before == after or not isinstance(after, list):
        return
    if not isinstance(before, list):
        yield ContractChange(
            "breaking", template, f"{what} takes only {json.dumps(after, ensure_ascii=False)} now"
        )
        return
    lost = [v for v in before if v not in after]
    if lost:
        yield ContractChange(
            "breaking", template, f"{what} no longer takes {json.dumps(lost, ensure_ascii=False)}"
        )


def _offered(template: str, before: Any, after: Any) -> Iterable[ContractChange]:
    """What callers may read."""
    for part in ("parameters", "artifacts"):
        old, new = _part(before, part), _part(after, part)
        for name in sorted(old.keys() ^ new.keys()):
            gone = name in old
            text = f"outputs.{part}.{name} is {'removed' if gone else 'new'}"
            yield ContractChange("breaking" if gone else "compatible", template, text)


def _has_default(parameter: Obj) -> bool:
    return bool({"value", "default", "valueFrom"} & set(parameter))


def _is_optional(artifact: Obj) -> bool:
    places = {"s3", "http", "git", "raw", "gcs", "azure", "oss", "hdfs", "artifactory", "plugin"}
    return artifact.get("optional") is True or bool(places & set(artifact))


def _spec(obj: Obj) -> Obj:
    spec = obj.get("spec")
    return spec if isinstance(spec, dict) else {}


def _part(value: Any, part: str) -> dict[str, Obj]:
    return _by_name(value.get(part)) if isinstance(value, dict) else {}


def _by_name(items: Any) -> dict[str, Obj]:
    if not isinstance(items, list):
        return {}
    return {i["name"]: i for i in items if isinstance(i, dict) and isinstance(i.get("name"), str)}
