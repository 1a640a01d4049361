"""What a synchronisation would do: one item an object, decided by comparing the server's dry run with what is live.

Nothing here writes. The decision is by canonical hash; the field-level changes only explain it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from argolint.kube import ApiError, KubeClient
from reconciler.cluster import Live, owned
from reconciler.config import TargetConfig
from reconciler.contract import ContractChange, contract_changes
from reconciler.fields import (
    Change,
    applied_by_us,
    changes,
    conflict_causes,
    foreign_fields,
    owners,
    spec_is_atomic,
)
from reconciler.holds import Hold, held_manifest
from reconciler.model import MANAGER, TARGET_LABEL, Desired, Finding, Key, Obj, canonical, digest, key_of
from reconciler.predict import Prediction, predict
from reconciler.references import order, references, reversed_edges, users_in, users_of
from reconciler.state import Record
from reconciler.text import clean

WRITES = ("create", "update", "adopt")
_WORKERS = 8

# Signs that another GitOps tool or Helm looks after an object.
_FOREIGN = (
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
    ("labels", "argocd.argoproj.io/instance", "Argo CD"),
    ("annotations", "meta.helm.sh/release-name", "Helm"),
)


class Item(NamedTuple):
    """What happens to one object.

    `op` is create, update, adopt (exists, becomes managed), unchanged, hold (differs, deliberately left), prune, keep (would be
    pruned, but must not) or gone (already deleted). `manifest` is what would be applied, `predicted` what the server says
    would result. `users` use the object, directly or through templates; `contract` is how its interface changes.
    """

    key: Key
    op: str
    reason: str = ""
    path: str = ""
    line: int = 0
    changes: tuple[Change, ...] = ()
    drift: bool = False
    force: bool = False
    manifest: Obj | None = None
    predicted: Obj | None = None
    live: Obj | None = None
    prediction: Prediction | None = None
    users: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    contract: tuple[ContractChange, ...] = ()
    replaces: Key | None = None
    successor_waits: bool = False

    @property
    def writes(self) -> bool:
        """Whether the object is applied."""
        return self.op in WRITES


class Plan(NamedTuple):
    """All items in the order of writing, deletions last; `findings` are reasons to refuse it."""

    commit: str
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    hash: str
    prune_hash: str
    guard: str = ""

    @property
    def changes(self) -> bool:
        """Whether carrying it out would write anything."""
        return any(item.writes or item.op == "prune" for item in self.items)


class Inputs(NamedTuple):
    """What a plan is made from."""

    target: TargetConfig
    commit: str
    desired: tuple[Desired, ...]
    live: Live
    inventory: Mapping[Key, Record]
    running: tuple[Obj, ...] = ()
    full: bool = True
    held: frozenset[Key] = frozenset()
    may_prune: bool = True
    approved: bool = False
    holds: Mapping[str, Hold] = {}


def make_plan(inputs: Inputs, client: KubeClient, now: datetime) -> Plan:
    """Compare, with a server-side dry run of every object that is new, changed or not as it was left.

    With `full`, of every object. `held` keys are quarantined: they are neither written nor pruned.
    """
    edges = _edges(inputs)
    with ThreadPoolExecutor(_WORKERS) as pool:
        results = list(pool.map(lambda d: _item(d, inputs, client, now), inputs.desired))
    findings = [finding for _, found in results for finding in found]
    reverse = reversed_edges(edges)
    by_key = {
        item.key: item._replace(users=tuple(map(str, users_in(item.key, reverse)))) for item, _ in results
    }
    ordered = [by_key[key] for key in order({key: edges.get(key, set()) for key in by_key})]
    pruned = _prunes(inputs, edges)
    guard = _guard(inputs, pruned)
    if guard:
        pruned = [i._replace(op="keep", reason=guard) if i.op == "prune" else i for i in pruned]
    items = (*ordered, *pruned)
    going = sorted(
        [*i.key, (i.live or {}).get("metadata", {}).get("uid", "")]
        for i in pruned
        if i.op == "prune" or i.reason == guard != ""
    )
    return Plan(
        inputs.commit, items, tuple(findings), _hash(items), digest(going)[:12] if going else "", guard
    )


def _hash(items: Iterable[Item]) -> str:
    return digest(
        [[i.op, *i.key, digest(i.manifest) if i.manifest else ""] for i in items if i.op != "unchanged"]
    )[:12]


def _edges(inputs: Inputs) -> dict[Key, set[Key]]:
    """Who uses whom once the plan is carried out, running Workflows included."""
    wanted = {d.key: d.object for d in inputs.desired}
    return edges_of({**inputs.live.objects, **wanted}, inputs.running)


def edges_of(objects: Mapping[Key, Obj], running: Iterable[Obj]) -> dict[Key, set[Key]]:
    """Who uses whom among `objects` and the Workflows that have not ended."""
    edges = {key: {r.key for r in references(obj)} for key, obj in objects.items()}
    for run in running:
        edges[key_of(run)] = {r.key for r in references(run)} | _stored(run)
    return edges


def _stored(run: Obj) -> set[Key]:
    """The templates that a running Workflow has stored: upstream still fetches the referenced object for each of them.

    Keys of status.storedTemplates are `scope/resource/template` with scope `namespaced` or `cluster`.
    """
    namespace = str(run["metadata"].get("namespace") or "")
    out = set()
    for stored in (run.get("status") or {}).get("storedTemplates") or {}:
        parts = str(stored).split("/")
        if len(parts) == 3 and parts[0] in ("namespaced", "cluster"):
            cluster = parts[0] == "cluster"
            out.add(
                Key(
                    "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate",
                    "" if cluster else namespace,
                    parts[1],
                )
            )
    return out


# --- one object --------------------------------------------------------------------------------------------


def _item(desired: Desired, inputs: Inputs, client: KubeClient, now: datetime) -> tuple[Item, list[Finding]]:
    """What happens to one object; what a person holds stays as it is, or as the hold says."""
    hold = inputs.holds.get(str(desired.key))
    if hold is None:
        return _free_item(desired, inputs, client, now)
    if hold.fields:
        desired = desired._replace(object=held_manifest(desired.object, hold))
    item, found = _free_item(desired, inputs, client, now)
    item = item._replace(notes=(*item.notes, hold.text))
    if item.writes and not hold.fields:
        item = item._replace(op="hold", reason=hold.text)
    return item, found


def _free_item(
    desired: Desired, inputs: Inputs, client: KubeClient, now: datetime
) -> tuple[Item, list[Finding]]:
    target, live = inputs.target, inputs.live.objects.get(desired.key)
    base = Item(
        desired.key, "unchanged", path=desired.path, line=desired.line, manifest=desired.object, live=live
    )
    if live is None:
        return _dry_run(base._replace(op="create"), target, client, now)
    if live["metadata"].get("deletionTimestamp"):
        return base._replace(op="hold", reason="it is being deleted; it is made anew when it has gone"), []
    other = (live["metadata"].get("labels") or {}).get(TARGET_LABEL)
    if other and other != target.name and applied_by_us(live):
        message = f"{desired.key} belongs to the target {clean(str(other), limit=60)}"
        return base, [_refusal(desired, "belongs-to-other-target", message, "let one target have it")]
    if not owned(live, target.name):
        return _adopt(base, desired, live, inputs, client, now)
    record = inputs.inventory.get(desired.key)
    same_git = record is not None and record.desired == digest(desired.object)
    base, notes = _respect_suspension(base, live, target)
    notes += _foreign_fields(desired, live)
    base = base._replace(notes=notes)
    if record is not None and not inputs.full and record.live == digest(canonical(live)):
        if record.desired == digest(base.manifest):
            return base, []
    item, found = _dry_run(base._replace(op="update", force=True, notes=notes), target, client, now)
    if item.op == "update" and same_git:
        item = item._replace(drift=True)
        if target.drift == "report":
            return item._replace(
                op="hold", reason=f"changed in the cluster{_by_whom(live)}; drift is only reported"
            ), []
    return item, found


def _adopt(
    base: Item, desired: Desired, live: Obj, inputs: Inputs, client: KubeClient, now: datetime
) -> tuple[Item, list[Finding]]:
    target = inputs.target
    if desired.key in inputs.inventory and target.adopt != "never":
        # It was ours: someone took the label away, or deleted it and made another. Taking it back is healing drift.
        base, notes = _respect_suspension(base, live, target)
        return _dry_run(
            base._replace(op="update", drift=True, force=target.drift == "revert", notes=notes),
            target,
            client,
            now,
        )
    for part, name, tool in _FOREIGN:
        if name in (live["metadata"].get(part) or {}) and target.adopt != "force":
            message = f"{desired.key} is looked after by {tool} ({part[:-1]} {name})"
            return base, [
                _refusal(
                    desired, "managed-elsewhere", message, f"take it out of {tool}, or out of this repository"
                )
            ]
    if target.adopt == "never":
        message = f"{desired.key} exists and is not managed by this target"
        return base, [
            _refusal(desired, "not-adopted", message, "set `adopt: if-no-conflict`, or delete it first")
        ]
    base, notes = _respect_suspension(base, live, target)
    return _dry_run(
        base._replace(op="adopt", force=target.adopt == "force", notes=notes), target, client, now
    )


def _dry_run(
    item: Item, target: TargetConfig, client: KubeClient, now: datetime
) -> tuple[Item, list[Finding]]:
    assert item.manifest is not None
    key = item.key
    try:
        predicted = client.apply(
            key.resource, item.manifest, key.namespace, field_manager=MANAGER, force=item.force, dry_run=True
        )
    except ApiError as error:
        return _dry_run_failed(item, error)
    if item.live is not None and digest(canonical(predicted)) == digest(canonical(item.live)):
        return item._replace(op="unchanged", predicted=predicted), []
    item = item._replace(
        predicted=predicted, changes=tuple(changes(item.live, predicted)) if item.live else ()
    )
    if key.kind != "CronWorkflow":
        item = item._replace(contract=contract_changes(item.live, predicted))
    else:
        prediction = predict(item.live, predicted, now)
        item = item._replace(prediction=prediction)
        if prediction.runs_now and target.surprise_runs == "hold":
            return item._replace(
                op="hold", reason=f"writing it now would start a run at once: {prediction.reason}"
            ), []
    return item, []


def _dry_run_failed(item: Item, error: ApiError) -> tuple[Item, list[Finding]]:
    if error.transient or error.status == 401:
        raise error
    place = Desired(item.key, {}, item.path, item.line)
    if error.conflict:
        causes = conflict_causes(error.body)
        told = "; ".join(f"{field} is owned by {manager}" for field, manager in causes[:5]) or clean(
            error.message, limit=300
        )
        if item.op == "update":
            return item._replace(op="hold", reason=f"drift: {told}"), []
        return item, [
            _refusal(
                place,
                "field-conflict",
                f"{item.key} exists with other values: {told}",
                "make Git say the same, or take the fields over with `adopt: force`",
            )
        ]
    if error.not_found and item.key.namespace:
        return item, [
            _refusal(
                place,
                "namespace-missing",
                f"{item.key}: {clean(error.message, limit=200)}",
                f"create it: kubectl create namespace {item.key.namespace}",
            )
        ]
    if error.status == 403:
        remedy = "give argosync's account the verbs get, list, create, patch and delete (docs/argosync.md)"
        return item, [_refusal(place, "forbidden", f"{item.key}: {clean(error.message, limit=300)}", remedy)]
    return item, [
        _refusal(
            place,
            "refused-by-server",
            f"{item.key}: {clean(error.message, limit=600)}",
            "correct the manifest",
        )
    ]


def _respect_suspension(base: Item, live: Obj, target: TargetConfig) -> tuple[Item, tuple[str, ...]]:
    """Keep a CronWorkflow suspended that someone suspended in the cluster, whatever Git says or leaves out.

    With `suspended_by_hand: revert` it is resumed, also where Git leaves `suspend` out: server-side apply alone would leave
    the field of the other manager as it is.
    """
    manifest = base.manifest or {}
    suspended = (live.get("spec") or {}).get("suspend")
    if base.key.kind != "CronWorkflow" or suspended is None or manifest["spec"].get("suspend") is True:
        return base, ()
    if target.suspended_by_hand != "keep":
        manifest = copy.deepcopy(manifest)
        manifest["spec"].setdefault("suspend", False)
        return base._replace(manifest=manifest), ()
    if suspended is not True:
        return base, ()
    others = [(m, t) for m, _, t in owners(live, "spec", "suspend") if m != MANAGER]
    if not others:
        return base, ()
    manifest = copy.deepcopy(manifest)
    if spec_is_atomic(live):
        manifest["spec"]["suspend"] = True
    else:
        manifest["spec"].pop("suspend", None)
    who, when = others[0]
    note = f"suspended by hand ({clean(who, limit=60)}{', ' + when if when else ''}); it stays suspended"
    return base._replace(manifest=manifest), (note,)


def _foreign_fields(desired: Desired, live: Obj) -> tuple[str, ...]:
    """A note on fields of the spec that others have set and Git leaves out: apply does not touch them."""
    found = []
    for manager, path in foreign_fields(live, desired.object):
        if path != ("spec", "suspend"):
            found.append(f"{'.'.join(path)} ({clean(manager, limit=60)})")
    if not found:
        return ()
    return (f"set in the cluster, not in Git: {clean(', '.join(found[:5]), limit=400)}",)


def _by_whom(live: Obj) -> str:
    entries = (live["metadata"].get("managedFields")) or []
    others = [e for e in entries if e.get("manager") != MANAGER and not e.get("subresource")]
    if not others:
        return ""
    last = max(others, key=lambda e: str(e.get("time", "")))
    return f" by {clean(str(last.get('manager')), limit=60)} ({last.get('time', '')})"


def _refusal(desired: Desired, rule: str, message: str, remedy: str) -> Finding:
    return Finding(rule, "error", message, desired.path, desired.line, remedy, str(desired.key))


# --- what goes ---------------------------------------------------------------------------------------------


def prune_candidates(inputs: Inputs) -> list[Key]:
    """What is ours and no longer wanted, CronWorkflows first, users before what they use."""
    wanted = {d.key for d in inputs.desired} | inputs.held
    ours = {key for key, obj in inputs.live.objects.items() if owned(obj, inputs.target.name)}
    keys = (ours | set(inputs.inventory)) - wanted
    edges = {k: {r.key for r in references(inputs.live.objects.get(k) or {})} for k in keys}
    users_first = order(edges)[::-1]
    return [k for k in users_first if k.kind == "CronWorkflow"] + [
        k for k in users_first if k.kind != "CronWorkflow"
    ]


def _prunes(inputs: Inputs, edges: Mapping[Key, set[Key]]) -> list[Item]:
    items = []
    going: set[Key] = set()
    for key in prune_candidates(inputs):
        item = _prune(key, inputs, edges, going)
        items.append(item)
        if item.op == "prune":
            going.add(key)
    return items


def _prune(key: Key, inputs: Inputs, edges: Mapping[Key, set[Key]], going: set[Key]) -> Item:
    live, record = inputs.live.objects.get(key), inputs.inventory.get(key)
    path, line = (record.path, record.line) if record else ("", 0)
    base = Item(key, "keep", path=path, line=line, live=live)
    if live is None:
        return base._replace(op="gone", reason="it is not in the cluster any more")
    if not owned(live, inputs.target.name):
        return base._replace(op="gone", reason="it is not managed by this target any more")
    if record is not None and record.uid and record.uid != live["metadata"].get("uid"):
        return base._replace(reason="it was deleted and made again by someone else; it is left alone")
    if str(key) in inputs.holds:
        return base._replace(reason=inputs.holds[str(key)].text)
    if not inputs.target.prune.enabled:
        return base._replace(reason="it is not in Git any more, but pruning is off (`prune.enabled`)")
    if not inputs.may_prune:
        return base._replace(
            reason="nothing is deleted while some files or objects of the revision are refused"
        )
    if key.kind not in inputs.target.kinds:
        return base._replace(reason=f"{key.kind} is not among the kinds that the target allows")
    if key.kind == "ClusterWorkflowTemplate" and not inputs.live.whole_cluster:
        return base._replace(reason="its users in other namespaces cannot be listed")
    users = [user for user in users_of(key, edges) if user not in going]
    if users:
        return base._replace(reason=f"still used by {_some(users)}", users=tuple(map(str, users)))
    return base._replace(op="prune", reason="it is not in Git any more")


def _guard(inputs: Inputs, pruned: list[Item]) -> str:
    """Why deletions must be approved first; "" when they need not be."""
    going = [i for i in pruned if i.op == "prune"]
    limits = inputs.target.prune
    total = len(
        {*inputs.inventory, *(k for k, o in inputs.live.objects.items() if owned(o, inputs.target.name))}
    )
    if inputs.approved:
        return ""
    if going and not inputs.desired:
        return f"the revision holds no object at all; {len(going)} deletions need an approval"
    share = 100.0 * len(going) / total if total else 0.0
    if len(going) > limits.max_objects and share > limits.max_percent:
        return (
            f"{len(going)} of {total} objects would be deleted ({share:.0f} %, more than {limits.max_percent:g} %); "
            "this needs an approval"
        )
    return ""


def _some(keys: list[Key]) -> str:
    text = ", ".join(str(k) for k in keys[:3])
    return text if len(keys) <= 3 else f"{text} and {len(keys) - 3} more"


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


Now = Callable[[], datetime]
