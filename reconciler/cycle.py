"""One synchronisation of one target, from Git to health: every stage decides before anything is written.

poll → fetch → build → gate → plan → journal → apply → prune → health. A failure before the journal writes nothing, and what
was last good stays and is still healed; a failure after it is resumed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from argolint import __version__
from argolint.errors import UserError
from argolint.kube import ApiError
from reconciler import gate, holds
from reconciler.apply import Tools, apply_plan, intents
from reconciler.artifact import inputs_of, moved
from reconciler.build import build
from reconciler.cluster import ClusterError, Live, explain, identity, observe, outside_fingerprint, running
from reconciler.context import Context, Outcome
from reconciler.handover import with_handovers
from reconciler.health import Problem, examine, run_problems
from reconciler.impact import User, other_users, radius
from reconciler.model import Desired, Finding, Key, Obj, digest
from reconciler.opsconfig import Window
from reconciler.plan import Inputs, Item, Plan, make_plan
from reconciler.prune import prune_plan
from reconciler.source import Revision, SourceError
from reconciler.source.signatures import policy_digest
from reconciler.state import Record, Stored


def synchronise(ctx: Context) -> Outcome:
    """Make the cluster equal to Git, once. Never raises for what can happen to a source or a cluster."""
    outcome = _run(ctx, write=True)
    _remember_outcome(ctx, outcome)
    return outcome


def preview(ctx: Context) -> Outcome:
    """What `synchronise` would do now; nothing is written to the cluster, nor to the state but the fetched clone."""
    return _run(ctx, write=False)


def _run(ctx: Context, *, write: bool) -> Outcome:
    name = ctx.target.name
    try:
        return _stages(ctx, write=write)
    except (SourceError, ClusterError) as error:
        return Outcome(name, False, error.reason, error.message, error.remedy, error.transient)
    except ApiError as error:
        cluster = explain(error, ctx.client)
        return Outcome(name, False, cluster.reason, cluster.message, cluster.remedy, cluster.transient)
    except UserError as error:
        return Outcome(name, False, "Error", error.message, error.remedy)


def _stages(ctx: Context, *, write: bool) -> Outcome:
    _check_cluster(ctx)
    if write:
        _take_over_unfinished(ctx)
    live = observe(ctx.client, ctx.namespaces)
    outside = outside_fingerprint(live, ctx.target.name)
    trouble: Outcome | None = None
    try:
        stored, fingerprint = _wanted(ctx, outside, write=write)
        verdict = _judge(ctx, stored, live, fingerprint)
    except SourceError as error:
        trouble = Outcome(ctx.target.name, False, error.reason, error.message, error.remedy, error.transient)
        stored, fingerprint, verdict = None, "", None
    if stored is not None and verdict is not None and verdict.refused:
        trouble = _refused(ctx, stored, verdict.findings)
    if trouble is not None:
        return _heal_last_good(ctx, live, trouble, write=write)
    assert stored is not None
    assert verdict is not None
    plan = _plan(ctx, stored, verdict, live)
    settled = gate.settle(stored.objects, (*verdict.findings, *plan.findings), ctx.target)
    if settled.refused:
        return _heal_last_good(ctx, live, _refused(ctx, stored, settled.findings), write=write)
    if settled.held != verdict.held:
        verdict = settled
        plan = _plan(ctx, stored, verdict, live)
    outcome = Outcome(
        ctx.target.name,
        True,
        "Planned",
        commit=stored.commit,
        ref=stored.ref,
        about=stored.about,
        findings=settled.findings,
        plan=plan,
        held=tuple(map(str, sorted(verdict.held))),
    )
    outcome.inputs = inputs_of(plan, stored, live, ctx.cluster)
    if not write:
        outcome.radius = _radius(ctx, plan, stored, live)
        return outcome
    if ctx.saved is not None:
        changed = moved(ctx.saved.inputs, outcome.inputs)
        if changed:
            return Outcome(
                ctx.target.name,
                False,
                "PlanMoved",
                f"since the plan was made, {changed}",
                "make the plan again and look at it again",
                commit=stored.commit,
                ref=stored.ref,
            )
    window = _freeze(ctx)
    if window is not None and plan.changes:
        outcome.reason = "Frozen"
        outcome.message = f"nothing is written: {window.reason}"
        outcome.remedy = "wait, or argosync once --override-freeze REASON"
        return outcome
    ctx.store.data["accepted"] = {"fingerprint": fingerprint, "commit": stored.commit}
    return _carry_out(ctx, plan, stored, outcome, live)


def _freeze(ctx: Context) -> Window | None:
    """The freeze window that keeps us from writing, unless a person said otherwise."""
    window = holds.frozen(ctx.target.freeze, ctx.now())
    if window is not None and ctx.override_freeze:
        ctx.log("approved", what="freeze", window=window.reason, reason=ctx.override_freeze)
        return None
    return window


def _radius(ctx: Context, plan: Plan, stored: Stored, live: Live) -> tuple[User, ...]:
    """Who is touched by the plan; asked only for people, never in the loop."""
    if not any(i.writes or i.op in ("prune", "hold") for i in plan.items):
        return ()
    others = other_users(ctx.client, ctx.namespaces, whole_cluster=live.whole_cluster)
    runs = running(ctx.client, ctx.namespaces, whole_cluster=live.whole_cluster)
    return radius(plan, live.objects, stored.objects, stored.users, others, runs, ctx.now())


# --- what is wanted --------------------------------------------------------------------------------------------------


def _wanted(ctx: Context, outside: str, *, write: bool) -> tuple[Stored, str]:
    """The revision that Git (or a rollback) asks for, built; and the fingerprint of all that decides about it."""
    revision = ctx.source.poll()
    ctx.hook("polled")
    pin = ctx.store.data.get("pin")
    if pin:
        if revision.commit == pin["away_from"]:
            stored = ctx.store.revision(pin["commit"])
            if stored is not None:
                return stored, _fingerprint(ctx, stored, outside)
        elif write:
            ctx.log("rollback-over", commit=revision.commit[:12])
            ctx.store.data.pop("pin", None)
    _check_history(ctx, revision)
    known = ctx.store.revision(revision.commit)
    if known is None or known.config != _config_hash(ctx):
        known = _build(ctx, revision)
        if write:
            ctx.store.put_revision(known)
    ctx.hook("fetched")
    return known, _fingerprint(ctx, known, outside)


def _check_history(ctx: Context, revision: Revision) -> None:
    """What the source's policy says about a ref that no longer contains what was applied. Raises SourceError."""
    policy = ctx.source.config.non_fast_forward
    before = (ctx.store.data.get("applied") or {}).get("commit", "")
    if policy == "follow" or not before or before == revision.commit or ctx.source.contains(revision, before):
        return
    short = revision.short
    if policy == "hold" and short in (ctx.approve, ctx.store.data.get("approve")):
        ctx.log("approved", what="non-fast-forward", commit=short)
        return
    remedy = "push a commit that contains it; what was last good stays"
    if policy == "hold":
        remedy = f"if this is meant: argosync approve {short}, or argosync once --approve {short}"
    raise SourceError(
        "NonFastForward",
        f"{ctx.source.config.name}: {revision.ref} moved to {short}, whose history does not contain {before[:12]}",
        remedy,
    )


def _build(ctx: Context, revision: Revision) -> Stored:
    revision = ctx.source.fetch(revision)
    tree = ctx.source.read(revision)
    made = build(tree.files, ctx.target, ctx.namespace)
    findings = (*tree.findings, *made.findings)
    return Stored(
        tree.revision.commit,
        tree.revision.ref,
        _config_hash(ctx),
        made.objects,
        findings,
        made.lines,
        {**ctx.source.describe(revision), "files": str(len(tree.files))},
        made.users,
    )


def _config_hash(ctx: Context) -> str:
    """A hash of everything in the configuration that changes what is built or how it is judged."""
    source = ctx.source.config
    parts = [source.url, source.paths, source.include, source.exclude, source.max_file_bytes]
    keys = policy_digest(source.verify)
    return digest([__version__, parts, keys, ctx.namespace, repr(ctx.target)])


def _fingerprint(ctx: Context, stored: Stored, outside: str) -> str:
    return digest([stored.commit, stored.config, outside])


def _judge(ctx: Context, stored: Stored, live: Live, fingerprint: str) -> gate.Verdict:
    """The gate; skipped when the very same inputs were accepted, and repeated from memory when they were refused."""
    accepted = ctx.store.data.get("accepted") or {}
    refused = ctx.store.data.get("refused") or {}
    if accepted.get("fingerprint") == fingerprint and ctx.target.mode != "quarantine":
        return gate.Verdict(stored.objects, stored.findings, frozenset(), False)
    if refused.get("fingerprint") == fingerprint:
        findings = tuple(Finding(*f) for f in refused["findings"])
        return gate.Verdict((), findings, frozenset(), True)
    files, lint = _texts(ctx, stored)
    verdict = gate.judge(
        stored.objects, files, stored.findings, stored.lines, live, ctx.target, ctx.namespace, lint
    )
    ctx.hook("gated")
    if verdict.refused:
        ctx.store.data["refused"] = {
            "fingerprint": fingerprint,
            "findings": [list(f) for f in verdict.findings],
        }
    return verdict


def _texts(ctx: Context, stored: Stored) -> tuple[tuple[tuple[str, str], ...], gate.Lint]:
    """The texts to lint, and the linter: from the source; a rollback has none, since it was linted when it was new."""
    pin = ctx.store.data.get("pin")
    if pin and pin["commit"] == stored.commit:
        return (), gate.lint_files
    tree = ctx.source.read(ctx.source.fetch(Revision(stored.ref, stored.commit)))
    return tree.files, gate.linter(tree.lint_config, ctx.store.folder / "lint")


def _refused(ctx: Context, stored: Stored, findings: tuple[Finding, ...]) -> Outcome:
    bad = [f for f in findings if gate.refuses(f, ctx.target)]
    objects = "finding refuses" if len(bad) == 1 else "findings refuse"
    return Outcome(
        ctx.target.name,
        False,
        "Refused",
        f"{len(bad)} {objects} revision {stored.commit[:12]}; nothing of it is applied",
        "correct the files and push; what was last good stays in the cluster",
        commit=stored.commit,
        ref=stored.ref,
        about=stored.about,
        findings=findings,
    )


# --- planning --------------------------------------------------------------------------------------------------------


def _plan(ctx: Context, stored: Stored, verdict: gate.Verdict, live: Live) -> Plan:
    inventory = dict(ctx.store.inventory)
    bad = any(gate.refuses(f, ctx.target) for f in verdict.findings)
    full = _resync_due(ctx)
    inputs = Inputs(
        ctx.target,
        stored.commit,
        verdict.accepted,
        live,
        inventory,
        full=full,
        held=verdict.held,
        may_prune=not bad,
        holds=holds.holds_of(ctx.store.data, ctx.now()),
    )
    gone = {d.key for d in verdict.accepted}
    if any(key not in gone for key in inventory) or _changes_templates(verdict.accepted, inventory):
        runs = running(ctx.client, ctx.namespaces, whole_cluster=live.whole_cluster)
        inputs = inputs._replace(running=tuple(runs))
    plan = make_plan(inputs, ctx.client, ctx.now())
    if plan.guard and plan.prune_hash in (ctx.approve, ctx.store.data.get("approve")):
        limits = ctx.target.prune
        free = limits.__class__(limits.enabled, 100.0, 1 << 30, limits.drain_timeout)
        plan = make_plan(_approved(inputs, free), ctx.client, ctx.now())
    return _without_fights(ctx, with_handovers(plan, inputs.running))


def _without_fights(ctx: Context, plan: Plan) -> Plan:
    """`plan` without setting back what another writer changes again and again."""
    target = ctx.target
    found = holds.fights(ctx.store.data, ctx.now(), target.fight_times, target.fight_within)
    if not found:
        return plan

    def stopped(item: Item) -> Item:
        number = found.get(str(item.key))
        if number is None or not (item.drift and item.writes):
            return item
        minutes = target.fight_within / 60
        reason = f"another writer undoes it: set back {number} times within {minutes:g} minutes; it is left alone for now"
        ctx.log("fight", object=str(item.key), times=number)
        return item._replace(op="hold", reason=reason)

    return plan._replace(items=tuple(stopped(i) for i in plan.items))


def _approved(inputs: Inputs, limits: Any) -> Inputs:
    from dataclasses import replace

    return inputs._replace(target=replace(inputs.target, prune=limits), approved=True)


def _changes_templates(desired: tuple[Desired, ...], inventory: dict[Key, Record]) -> bool:
    for item in desired:
        record = inventory.get(item.key)
        if item.key.kind != "CronWorkflow" and (record is None or record.desired != digest(item.object)):
            return True
    return False


def _resync_due(ctx: Context) -> bool:
    last = ctx.store.data.get("compared")
    if not last:
        return True
    return (ctx.now() - datetime.fromisoformat(last)).total_seconds() >= ctx.target.resync


# --- writing ---------------------------------------------------------------------------------------------------------


def _carry_out(ctx: Context, plan: Plan, stored: Stored, outcome: Outcome, live: Live) -> Outcome:
    store, data = ctx.store, ctx.store.data
    full = _resync_due(ctx)
    tools = Tools(ctx.client, store.journal, ctx.sleep, ctx.log, ctx.hook, ctx.may_write, ctx.now)
    waiting: list[Item] = []
    wrote = plan.changes

    def remember(item: Item, record: Record) -> None:
        store.inventory[item.key] = record

    if not wrote:
        apply_plan(plan, tools, 0.0, remember)
    else:
        ctx.may_write()
        ctx.log("applying", commit=stored.commit[:12], plan=plan.hash)
        store.journal.begin(stored.commit, plan.hash, intents(plan))
        ctx.hook("journalled")
        try:
            outcome.writes = apply_plan(plan, tools, ctx.target.settle, remember)
            ctx.hook("applied")
            waiting = prune_plan(
                plan,
                tools,
                ctx.target.name,
                ctx.namespaces,
                ctx.target.prune.drain_timeout,
                data.setdefault("draining", {}),
                ctx.now(),
                lambda key: store.inventory.pop(key, None) and None,
            )
            ctx.hook("pruned")
        except BaseException:
            # The journal stays open: the next run takes over what this one began.
            store.journal.close()
            raise
    for item in plan.items:
        if item.op == "gone":
            store.inventory.pop(item.key, None)
    healed = [str(i.key) for i in plan.items if i.drift and i.writes]
    holds.note_writes(data, healed, ctx.now(), ctx.target.fight_within)
    now = ctx.now().isoformat()
    pruned = sum(1 for i in plan.items if i.op == "prune") - len(waiting)
    if full:
        data["compared"] = now
    data["applied"] = {
        "commit": stored.commit,
        "ref": stored.ref,
        "at": now,
        "plan": plan.hash,
        **_about(stored),
    }
    data.pop("refused", None)
    if not plan.guard:
        data.pop("approve", None)
    if wrote and (outcome.writes or pruned):
        data.setdefault("history", []).append(_history(plan, stored, now, data, pruned))
    store.save()
    ctx.hook("saved")
    if wrote:
        store.journal.end()
        live = observe(ctx.client, ctx.namespaces)
    outcome.writes += max(pruned, 0)
    outcome.waiting = tuple(waiting)
    outcome.problems = (
        *examine(live, store.inventory, ctx.target.name, ctx.now(), stored.lines),
        *_failing(ctx, live, again=full or wrote),
    )
    outcome.reason = "Applied" if wrote else "UpToDate"
    if plan.guard:
        outcome.ok, outcome.reason = False, "ApprovalNeeded"
        outcome.message = plan.guard
        outcome.remedy = f"if this is meant: argosync approve {plan.prune_hash}, or argosync once --approve {plan.prune_hash}"
    return outcome


def _failing(ctx: Context, live: Live, *, again: bool) -> list[Problem]:
    """Objects whose runs fail since they changed; the runs are looked at as often as everything is compared."""
    data = ctx.store.data
    if again:
        found = run_problems(
            ctx.client, live, ctx.store.inventory, ctx.target.name, ctx.namespaces, ctx.target.failing_runs
        )
        data["failing"] = [p._asdict() for p in found]
    return [Problem(**p) for p in data.get("failing") or []]


def _about(stored: Stored) -> Obj:
    return {k: v for k, v in stored.about.items() if k in ("author", "subject", "time")}


def _history(plan: Plan, stored: Stored, now: str, data: Obj, pruned: int) -> Obj:
    last = data.get("history") or [{"id": 0}]
    return {
        "id": int(last[-1]["id"]) + 1,
        "commit": stored.commit,
        "ref": stored.ref,
        "at": now,
        "plan": plan.hash,
        **_about(stored),
        "writes": [[i.op, str(i.key), f"{i.path}:{i.line}"] for i in plan.items if i.writes],
        "pruned": [str(i.key) for i in plan.items if i.op == "prune"][: max(pruned, 0)],
    }


def _heal_last_good(ctx: Context, live: Live, trouble: Outcome, *, write: bool) -> Outcome:
    """While Git or the gate is down, keep the cluster as the last good revision left it; nothing is pruned."""
    applied = ctx.store.data.get("applied") or {}
    stored = ctx.store.revision(applied.get("commit", "")) if applied else None
    if stored is None or not write:
        return trouble
    inputs = Inputs(
        ctx.target,
        stored.commit,
        stored.objects,
        live,
        ctx.store.inventory,
        full=False,
        may_prune=False,
        holds=holds.holds_of(ctx.store.data, ctx.now()),
    )
    plan = make_plan(inputs, ctx.client, ctx.now())
    plan = plan._replace(items=tuple(i for i in plan.items if i.writes or i.op == "unchanged"))
    plan = _without_fights(ctx, plan)
    if plan.changes and not plan.findings and _freeze(ctx) is None:
        ctx.may_write()
        ctx.log("healing", commit=stored.commit[:12])
        ctx.store.journal.begin(stored.commit, plan.hash, intents(plan))
        tools = Tools(ctx.client, ctx.store.journal, ctx.sleep, ctx.log, ctx.hook, ctx.may_write)
        try:
            trouble.writes = apply_plan(
                plan,
                tools,
                ctx.target.settle,
                lambda item, record: ctx.store.inventory.update({item.key: record}),
            )
        except BaseException:
            ctx.store.journal.close()
            raise
        healed = [str(i.key) for i in plan.items if i.drift and i.writes]
        holds.note_writes(ctx.store.data, healed, ctx.now(), ctx.target.fight_within)
        ctx.store.save()
        ctx.store.journal.end()
    trouble.problems = tuple(examine(live, ctx.store.inventory, ctx.target.name, ctx.now(), stored.lines))
    return trouble


# --- memory ----------------------------------------------------------------------------------------------------------


def _check_cluster(ctx: Context) -> None:
    """Another cluster behind the same kubeconfig is another world: nothing that was known holds there."""
    uid = identity(ctx.client)
    known = ctx.store.data.get("cluster", "")
    if ctx.cluster and uid and uid != ctx.cluster:
        raise ClusterError(
            "ClusterChanged",
            f"{ctx.client.server}: another cluster answers than when argosync started",
            "restart argosync if this is meant; nothing is written meanwhile",
        )
    ctx.cluster = uid
    if known and uid and uid != known:
        ctx.log("cluster-changed", server=ctx.client.server)
        ctx.store.reset()
    if uid:
        ctx.store.data["cluster"] = uid


def _take_over_unfinished(ctx: Context) -> None:
    """Put what a run that was cut short may have written into the inventory, so that it is never forgotten."""
    left = ctx.store.journal.unfinished()
    if left is None:
        return
    ctx.log("resuming", commit=left.commit[:12], plan=left.plan, done=len(left.done), of=len(left.intents))
    stored = ctx.store.revision(left.commit)
    places = {d.key: (d.path, d.line) for d in stored.objects} if stored else {}
    for number, intent in enumerate(left.intents):
        if intent.op == "delete":
            continue
        path, line = places.get(intent.key, ("", 0))
        uid = left.done.get(number, "") or intent.uid
        # An empty digest matches nothing, so the next comparison asks the server about this object.
        ctx.store.inventory[intent.key] = Record(uid, "", "", path, line)
    ctx.store.data.pop("accepted", None)
    ctx.store.save()
    ctx.store.journal.discard()


def _remember_outcome(ctx: Context, outcome: Outcome) -> None:
    data = ctx.store.data
    data["attempted"] = {
        "commit": outcome.commit,
        "ref": outcome.ref,
        "at": ctx.now().isoformat(),
        "ok": outcome.ok,
        "reason": outcome.reason,
        "message": outcome.message,
        "remedy": outcome.remedy,
        "findings": [f.as_dict() for f in outcome.findings if gate.refuses(f, ctx.target)][:50],
        **{k: v for k, v in outcome.about.items() if k in ("author", "subject", "time")},
    }
    data["problems"] = [p._asdict() for p in outcome.problems]
    if outcome.plan is not None:
        data["blocked"] = [
            {
                "object": str(i.key),
                "op": i.op,
                "reason": i.reason or "; ".join(i.notes),
                "file": f"{i.path}:{i.line}" if i.path else "",
            }
            for i in (*outcome.plan.items, *outcome.waiting)
            if i.op in ("hold", "keep") or i.notes
        ]
        data["held"] = list(outcome.held)
    try:
        ctx.store.save()
    except UserError as error:
        outcome.ok, outcome.reason, outcome.message, outcome.remedy = (
            False,
            "StateFailed",
            error.message,
            error.remedy,
        )
