"""What is known of a target from its state directory: no cluster and no Git are asked."""

from __future__ import annotations

from typing import Any

from reconciler.model import Obj
from reconciler.requests import with_pending
from reconciler.state import Store
from reconciler.text import clean, markdown

VERSION = "argosync/v1"


def status_of(store: Store, target: str, source_url: str) -> Obj:
    """The status document of a target."""
    data = with_pending(store)
    attempted, applied = data.get("attempted") or {}, data.get("applied") or {}
    per_kind: dict[str, int] = {}
    for key in store.inventory:
        per_kind[key.kind] = per_kind.get(key.kind, 0) + 1
    ready = bool(attempted.get("ok"))
    problems = data.get("problems") or []
    return {
        "apiVersion": VERSION,
        "target": target,
        "source": source_url,
        "suspended": data.get("suspended"),
        "pin": data.get("pin"),
        "attempted": {k: v for k, v in attempted.items() if k != "findings"},
        "applied": applied,
        "conditions": [
            _condition(
                "Ready",
                ready and not data.get("suspended"),
                attempted.get("reason") or "NeverRun",
                attempted.get("message") or "",
            ),
            _condition("Validated", attempted.get("reason") != "Refused" and bool(attempted), "", ""),
            _condition("PruneBlocked", any(b["op"] == "keep" for b in data.get("blocked") or []), "", ""),
            _condition(
                "Healthy", bool(attempted) and not problems, problems[0]["reason"] if problems else "", ""
            ),
            _condition("Resuming", store.journal.unfinished() is not None, "", ""),
        ],
        "objects": per_kind,
        "holds": data.get("holds") or {},
        "blocked": data.get("blocked") or [],
        "held": data.get("held") or [],
        "problems": problems,
        "findings": attempted.get("findings") or [],
    }


def _condition(kind: str, value: bool, reason: str, message: str) -> Obj:
    return {"type": kind, "status": "True" if value else "False", "reason": reason, "message": clean(message)}


def to_text(status: Obj) -> str:
    """For a terminal."""
    attempted, applied = status["attempted"], status["applied"]
    ready = next(c for c in status["conditions"] if c["type"] == "Ready")
    lines = [
        f"{status['target']}  {'ready' if ready['status'] == 'True' else 'NOT READY'}  {ready['reason']}"
    ]
    lines.append(f"  source     {clean(status['source'])}")
    if status["suspended"]:
        why = status["suspended"]
        until = f" until {why['until']}" if why.get("until") else ""
        lines.append(f"  SUSPENDED  by {clean(why.get('by', '?'))}{until}: {clean(why.get('reason', ''))}")
    if status["pin"]:
        lines.append(
            f"  ROLLED BACK to {status['pin']['commit'][:12]} until Git moves past {status['pin']['away_from'][:12]}"
        )
    if attempted:
        lines.append(f"  attempted  {_revision(attempted)}")
        if attempted.get("message"):
            lines.append(f"             {clean(attempted['message'])}")
            if attempted.get("remedy"):
                lines.append(f"             {clean(attempted['remedy'])}")
    if applied:
        lines.append(f"  applied    {_revision(applied)}")
    if status["objects"]:
        text = ", ".join(
            f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in sorted(status["objects"].items())
        )
        lines.append(f"  objects    {text}")
    for name, hold in sorted(status["holds"].items()):
        fields = ", ".join(f"{path}={value}" for path, value in hold["fields"].items())
        until = f" until {hold['until'][:16]}Z" if hold["until"] else ""
        text = f"{name}{' ' + fields if fields else ''}, by {hold['by']}{until}: {hold['reason']}"
        lines.append(f"  held       {clean(text)}")
    for finding in status["findings"]:
        lines.append(
            f"  ! {clean(finding['path'])}:{finding['line']}: {clean(finding['message'])} [{finding['rule']}]"
        )
    for entry in status["blocked"]:
        lines.append(f"  ! {entry['object']}: {clean(entry['reason'])}")
    for problem in status["problems"]:
        where = f"{problem['path']}:{problem['line']}: " if problem.get("path") else ""
        lines.append(f"  ! {where}{problem['object']}: {clean(problem['message'])} [{problem['reason']}]")
    return "\n".join(lines)


def _revision(part: Obj) -> str:
    words = [
        str(part.get("commit", ""))[:12] or "-",
        clean(str(part.get("ref", ""))),
        str(part.get("at", ""))[:19],
    ]
    if part.get("subject"):
        words.append(f"“{clean(part['subject'], limit=60)}”")
    return "  ".join(word for word in words if word)


def to_markdown(statuses: list[Obj]) -> str:
    """A table of all targets."""
    lines = ["| target | ready | applied | message |", "|---|---|---|---|"]
    for status in statuses:
        ready: Any = next(c for c in status["conditions"] if c["type"] == "Ready")
        commit = str(status["applied"].get("commit", ""))[:12]
        lines.append(
            f"| {markdown(status['target'])} | {ready['status']} ({ready['reason']}) | {commit} | {markdown(ready['message'])} |"
        )
    return "\n".join(lines) + "\n"
