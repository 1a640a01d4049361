"""Kubernetes Events about objects that were written, held or do not work: what `kubectl describe` shows."""

from __future__ import annotations

from datetime import UTC, datetime

from argolint.kube import ApiError, KubeClient, resource_for
from reconciler.context import Outcome
from reconciler.model import ARGO_API_VERSION, MANAGER, Key, Obj, digest
from reconciler.text import clean

MAX_A_ROUND = 20
_DONE = {"create": "Created", "update": "Updated", "adopt": "Adopted", "prune": "Deleted"}


class Poster:
    """Posts events, the same one once while it lasts; a server that refuses is asked no more."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._lasting: set[str] = set()
        self._refused = False

    def outcome(self, outcome: Outcome) -> None:
        """Events of a round."""
        if self._refused:
            return
        found, lasting = events_of(outcome), set()
        for key, uid, kind, reason, message in found[:MAX_A_ROUND]:
            mark = digest([*key, reason, message])
            if kind == "Warning" or reason == "Held":
                lasting.add(mark)
                if mark in self._lasting:
                    continue
            try:
                event = event_object(key, uid, kind, reason, message, self._namespace)
                self._client.create(resource_for("Event"), event, event["metadata"]["namespace"])
            except ApiError as error:
                if error.status == 403:
                    self._refused = True
                return
        self._lasting = lasting


def events_of(outcome: Outcome) -> list[tuple[Key, str, str, str, str]]:
    """(object, uid, Normal or Warning, reason, message) of everything that a round has to say about objects."""
    out = []
    commit = outcome.commit[:12]
    waiting = {item.key for item in outcome.waiting}
    for item in outcome.plan.items if outcome.plan else ():
        uid = str(((item.live or item.predicted or {}).get("metadata") or {}).get("uid") or "")
        if outcome.writes and item.op in _DONE and item.key not in waiting:
            out.append((item.key, uid, "Normal", _DONE[item.op], f"by revision {commit}"))
        elif item.op in ("hold", "keep"):
            out.append((item.key, uid, "Normal", "Held", clean(item.reason, limit=900)))
    for problem in outcome.problems:
        kind, _, place = problem.object.partition(" ")
        space, _, name = place.rpartition("/")
        out.append((Key(kind, space, name), "", "Warning", problem.reason, clean(problem.message, limit=900)))
    return out


def event_object(key: Key, uid: str, kind: str, reason: str, message: str, home: str) -> Obj:
    """An Event of the core group about an object; one without a namespace is posted into `home`."""
    now = datetime.now(UTC)
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    space = key.namespace or home
    about: Obj = {"apiVersion": ARGO_API_VERSION, "kind": key.kind, "name": key.name}
    if key.namespace:
        about["namespace"] = key.namespace
    if uid:
        about["uid"] = uid
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{key.name[:200]}.{digest([*key, reason, message, now.isoformat()])[:16]}", "namespace": space},
        "involvedObject": about,
        "type": kind,
        "reason": reason,
        "message": message,
        "source": {"component": MANAGER},
        "reportingComponent": MANAGER,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }  # fmt: skip
