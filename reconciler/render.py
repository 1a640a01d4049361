"""Outcomes and plans as text, JSON and Markdown: pure functions, every foreign string made inert."""

from __future__ import annotations

import json
from typing import Any

from reconciler.context import Outcome
from reconciler.contract import ContractChange, by_template
from reconciler.fields import Change
from reconciler.impact import User
from reconciler.model import Finding, Obj
from reconciler.plan import Item, Plan
from reconciler.text import clean, code, markdown

MARKDOWN_LIMIT = 60_000
MAX_FINDINGS = 50
MAX_USERS = 50
_SIGNS = {
    "create": "+",
    "update": "~",
    "adopt": "~",
    "prune": "-",
    "hold": "!",
    "keep": "!",
    "unchanged": "=",
    "gone": "x",
}
_WORDS = {
    "create": "create",
    "update": "update",
    "adopt": "adopt",
    "prune": "delete",
    "hold": "hold",
    "keep": "keep",
    "unchanged": "unchanged",
    "gone": "gone",
}


def counts(plan: Plan | None) -> dict[str, int]:
    """How many items of each kind of operation."""
    out: dict[str, int] = {}
    for item in plan.items if plan else ():
        out[item.op] = out.get(item.op, 0) + 1
    return out


def as_dict(outcome: Outcome) -> Obj:
    """The JSON form of an outcome and its plan."""
    plan = outcome.plan
    return {
        "apiVersion": "argosync/v1",
        "target": outcome.target,
        "ok": outcome.ok,
        "reason": outcome.reason,
        "message": clean(outcome.message),
        "remedy": clean(outcome.remedy),
        "revision": {"commit": outcome.commit, "ref": clean(outcome.ref), **outcome.about},
        "changes": bool(plan and plan.changes),
        "counts": counts(plan),
        "writes": outcome.writes,
        "plan": {"hash": plan.hash, "pruneHash": plan.prune_hash, "guard": plan.guard} if plan else None,
        "items": [_item_dict(item) for item in plan.items] if plan else [],
        "waiting": [_item_dict(item) for item in outcome.waiting],
        "held": list(outcome.held),
        "radius": [u._asdict() for u in outcome.radius],
        "problems": [p._asdict() for p in outcome.problems],
        "findings": [f.as_dict() for f in outcome.findings],
    }


def _item_dict(item: Item) -> Obj:
    return {
        "op": item.op,
        "object": item.key._asdict(),
        "file": item.path,
        "line": item.line,
        "reason": item.reason,
        "drift": item.drift,
        "force": item.force and item.drift,
        "changes": [c._asdict() for c in item.changes],
        "templates": {
            name: [c._asdict() for c in group] for name, group in by_template(item.changes).items() if name
        },
        "contract": [c._asdict() for c in item.contract],
        "users": list(item.users),
        "prediction": item.prediction._asdict() if item.prediction else None,
        "notes": list(item.notes),
    }


def to_json(outcomes: list[Outcome]) -> str:
    """All outcomes as one JSON document."""
    return json.dumps({"version": 1, "targets": [as_dict(o) for o in outcomes]}, indent=2, ensure_ascii=False)


# --- text ------------------------------------------------------------------------------------------------------------


def to_text(outcome: Outcome, *, verbose: bool = False) -> str:
    """For a terminal: first what it is about, then the items that are not as they should be, then why not more."""
    lines = [_headline(outcome)]
    plan = outcome.plan
    for item in plan.items if plan else ():
        if item.op != "unchanged" or verbose or item.notes:
            lines += _item_text(item)
    for item in outcome.waiting:
        lines += _item_text(item)
    if plan is not None and plan.guard:
        lines.append(f"  deletions need an approval: {clean(plan.guard)} (hash {plan.prune_hash})")
    lines += _radius_text(outcome.radius)
    lines += [f"  ! held back  {clean(name)}" for name in outcome.held]
    lines += _findings_text(outcome.findings, outcome.ok)
    for problem in outcome.problems:
        where = f"{problem.path}:{problem.line}: " if problem.path else ""
        lines.append(f"  ! {where}{problem.object}: {clean(problem.message)} [{problem.reason}]")
    lines.append(_summary(outcome))
    if outcome.remedy:
        lines.append(f"  {clean(outcome.remedy)}")
    return "\n".join(lines)


def _headline(outcome: Outcome) -> str:
    text = f"{outcome.target}:"
    if outcome.commit:
        text += f" {clean(outcome.ref)} at {outcome.commit[:12]}"
    if outcome.about.get("subject"):
        text += f" “{clean(outcome.about['subject'], limit=72)}”"
    return text


def _item_text(item: Item) -> list[str]:
    sign = _SIGNS[item.op]
    where = f"  {item.path}:{item.line}" if item.path else ""
    lines = [f"  {sign} {_WORDS[item.op]:<9}  {item.key}{where}"]
    if item.drift and item.writes:
        lines.append("      changed in the cluster; it is set back to what Git says")
    if item.reason:
        lines.append(f"      {clean(item.reason)}")
    lines += [f"      {clean(note)}" for note in item.notes]
    lines += _changes_text(item)
    if item.users and item.op != "unchanged":
        lines.append(f"      used by: {', '.join(item.users[:8])}{_more(len(item.users) - 8)}")
    prediction = item.prediction
    if prediction is not None:
        if prediction.runs_now:
            word = "RUNS NOW" if prediction.certain else "MAY RUN NOW"
            lines.append(f"      {word}: {prediction.reason}")
        if prediction.kills:
            lines.append(f"      the run replaces: {clean(', '.join(prediction.kills))}")
        if prediction.fires:
            lines.append(f"      next: {', '.join(prediction.fires)}")
        if prediction.fires_before and prediction.fires_before != prediction.fires:
            lines.append(f"      next before the change: {', '.join(prediction.fires_before)}")
    return lines


def _changes_text(item: Item) -> list[str]:
    """What changes, template by template: first what callers notice, then the fields."""
    groups = by_template(item.changes)
    lines = [f"      {_contract_text(c)}" for c in item.contract if not c.template]
    lines += [f"      {_change_text(change)}" for change in groups.get("", ())]
    for name in sorted({*groups, *(c.template for c in item.contract)} - {""}):
        lines.append(f"      template {clean(name, limit=80)}")
        lines += [f"        {_contract_text(c)}" for c in item.contract if c.template == name]
        lines += [f"        {_change_text(change)}" for change in groups.get(name, ())]
    return lines


def _contract_text(change: ContractChange) -> str:
    return (
        f"{'BREAKING' if change.severity == 'breaking' else 'interface'}: {clean(change.message, limit=300)}"
    )


def _radius_text(users: tuple[User, ...]) -> list[str]:
    if not users:
        return []
    lines = [f"  touched by this: {len(users)}"]
    for user in users[:MAX_USERS]:
        where = f"{clean(user.path)}:{user.line}" if user.path else "in the cluster"
        lines.append(f"    {clean(user.object)}  ({where})")
        lines.append(f"      through: {clean(', '.join(user.uses[:5]))}{_more(len(user.uses) - 5)}")
        if user.fires:
            lines.append(f"      next: {', '.join(user.fires)}")
    if len(users) > MAX_USERS:
        lines.append(f"    and {len(users) - MAX_USERS} more")
    return lines


def _change_text(change: Change) -> str:
    if change.before is None:
        return f"+ {change.path}: {change.after}"
    if change.after is None:
        return f"- {change.path}: {change.before}"
    return f"~ {change.path}: {change.before} → {change.after}"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _findings_text(findings: tuple[Finding, ...], ok: bool) -> list[str]:
    shown = [f for f in findings if f.severity == "error" or (f.severity == "warning" and ok)]
    lines = []
    for finding in shown[:MAX_FINDINGS]:
        where = f"{clean(finding.path)}:{finding.line}" if finding.line else clean(finding.path)
        lines.append(f"  {where or '-'}: {finding.severity}: {clean(finding.message)} [{finding.rule}]")
        if finding.remedy and finding.severity == "error":
            lines.append(f"      {clean(finding.remedy)}")
    if len(shown) > MAX_FINDINGS:
        lines.append(f"  and {len(shown) - MAX_FINDINGS} more findings")
    return lines


def _summary(outcome: Outcome) -> str:
    number = counts(outcome.plan)
    if not outcome.ok or outcome.plan is None:
        return f"{outcome.target}: {outcome.reason}: {clean(outcome.message)}"
    parts = [
        f"{number[op]} {word}"
        for op, word in (
            ("create", "to create"),
            ("update", "to update"),
            ("adopt", "to adopt"),
            ("prune", "to delete"),
            ("hold", "on hold"),
            ("keep", "kept"),
            ("unchanged", "unchanged"),
        )
        if number.get(op)
    ]
    text = ", ".join(parts) or "nothing to apply"
    if outcome.reason == "Planned":
        return f"{outcome.target}: {text}" + (
            f" (plan {outcome.plan.hash})" if outcome.plan and outcome.plan.changes else ""
        )
    done = text.replace("to create", "created").replace("to update", "updated").replace("to adopt", "adopted")
    return f"{outcome.target}: {outcome.reason}: {done.replace('to delete', 'deleted')}"


# --- Markdown --------------------------------------------------------------------------------------------------------


def to_markdown(outcomes: list[Outcome]) -> str:
    """For a pull request's comment: a table of changes, what runs when, and what refuses; cut to what a comment may hold."""
    parts = []
    for outcome in outcomes:
        parts += _target_markdown(outcome)
    text = "\n".join(parts) + "\n"
    if len(text) > MARKDOWN_LIMIT:
        cut = text.rfind("\n", 0, MARKDOWN_LIMIT)
        text = text[:cut] + "\n\n*The rest does not fit into a comment; `argosync plan` prints all of it.*\n"
    return text


def _target_markdown(outcome: Outcome) -> list[str]:
    plan = outcome.plan
    lines = [f"### argosync: {markdown(outcome.target)}", ""]
    if outcome.commit:
        lines += [f"Revision {code(outcome.commit[:12])} ({markdown(outcome.ref)})", ""]
    if not outcome.ok:
        lines += [f"**{outcome.reason}**: {markdown(outcome.message)}", ""]
        if outcome.remedy:
            lines += [markdown(outcome.remedy), ""]
    bad = [f for f in outcome.findings if f.severity in ("error", "warning")]
    if bad:
        lines += ["| where | severity | finding |", "|---|---|---|"]
        lines += [
            f"| {code(f'{f.path}:{f.line}')} | {f.severity} | {markdown(f.message)} ({markdown(f.rule)}) |"
            for f in bad[:MAX_FINDINGS]
        ]
        lines.append("")
    items = [i for i in (plan.items if plan else ()) if i.op != "unchanged"]
    if plan is not None and not items:
        lines += ["No changes.", ""]
    if items:
        lines += ["| | object | file | used by | next runs |", "|---|---|---|---|---|"]
        lines += [_row(item) for item in items]
        lines.append("")
    lines += _radius_markdown(outcome.radius)
    for item in items:
        lines += _details(item)
    if plan is not None and plan.guard:
        lines += [f"**Deletions need an approval**: {markdown(plan.guard)} ({code(plan.prune_hash)})", ""]
    if plan is not None and plan.changes:
        lines += [f"Plan {code(plan.hash)}", ""]
    return lines


def _radius_markdown(users: tuple[User, ...]) -> list[str]:
    if not users:
        return []
    lines = [
        f"<details><summary>Touched by this: {len(users)}</summary>",
        "",
        "| object | where | through | next runs |",
        "|---|---|---|---|",
    ]
    for user in users[:MAX_USERS]:
        where = code(f"{user.path}:{user.line}") if user.path else "cluster"
        through = "<br>".join(markdown(u) for u in user.uses[:5]) + _more(len(user.uses) - 5)
        lines.append(f"| {code(user.object)} | {where} | {through} | {'<br>'.join(user.fires)} |")
    if len(users) > MAX_USERS:
        lines += ["", f"and {len(users) - MAX_USERS} more"]
    return [*lines, "", "</details>", ""]


def _row(item: Item) -> str:
    users = ", ".join(markdown(u) for u in item.users[:5]) + _more(len(item.users) - 5)
    fires = ""
    if item.prediction:
        fires = "<br>".join(item.prediction.fires)
        if item.prediction.runs_now:
            fires = f"**runs now**: {markdown(item.prediction.reason)}<br>{fires}"
    where = code(f"{item.path}:{item.line}") if item.path else ""
    reason = f"<br>{markdown(item.reason)}" if item.reason else ""
    return f"| {_WORDS[item.op]} | {code(str(item.key))}{reason} | {where} | {users} | {fires} |"


def _details(item: Item) -> list[str]:
    if not item.changes:
        return []
    lines = [
        f"- **breaking** {code(str(item.key))}{' template ' + code(c.template) if c.template else ''}: {markdown(c.message)}"
        for c in item.contract
        if c.severity == "breaking"
    ]
    lines += [""] if lines else []
    lines += [
        f"<details><summary>{markdown(str(item.key))}: {len(item.changes)} fields</summary>",
        "",
        "```diff",
    ]
    for name, group in by_template(item.changes).items():
        if name:
            lines.append(f"@@ template {clean(name, limit=80)} @@".replace("```", "ˋˋˋ"))
        for change in group:
            if change.before is not None:
                lines.append(_diff_line("-", change.path, change.before))
            if change.after is not None:
                lines.append(_diff_line("+", change.path, change.after))
    return [*lines, "```", "", "</details>", ""]


def _diff_line(sign: str, path: str, value: str) -> str:
    return f"{sign} {path}: {value}".replace("```", "ˋˋˋ")


def dumps(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
