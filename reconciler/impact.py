"""The blast radius of a plan: everything that uses what changes, directly or through templates, in Git and in the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from argolint.kube import ApiError, KubeClient, resource_for
from reconciler.model import Desired, Key, Obj, key_of
from reconciler.plan import Plan, edges_of
from reconciler.predict import fires
from reconciler.references import reversed_edges, users_in

USER_KINDS = ("Sensor", "WorkflowEventBinding")
"""Kinds that start Workflows of templates and that argosync does not apply."""


class User(NamedTuple):
    """One object within the blast radius.

    `place` is git or cluster; `uses` are the changed objects that it reaches; `fires` its next times (ISO 8601, UTC) when it is
    a CronWorkflow; `path` and `line` say where Git has it.
    """

    object: str
    place: str
    uses: tuple[str, ...]
    fires: tuple[str, ...] = ()
    path: str = ""
    line: int = 0


def other_users(client: KubeClient, namespaces: Iterable[str], *, whole_cluster: bool) -> list[Obj]:
    """Sensors and event bindings of the cluster; none where the kind is not installed or may not be listed."""
    found: list[Obj] = []
    for kind in USER_KINDS:
        resource = resource_for(kind)
        for namespace in ("",) if whole_cluster else tuple(namespaces):
            try:
                found += client.list(resource, namespace).items
            except ApiError as error:
                if error.status not in (403, 404):
                    raise
    return found


def radius(
    plan: Plan,
    live: Mapping[Key, Obj],
    desired: Iterable[Desired],
    in_git: Iterable[Desired],
    others: Iterable[Obj],
    running: Iterable[Obj],
    now: datetime,
) -> tuple[User, ...]:
    """Users of everything that the plan writes, deletes or holds, sorted by kind and name.

    `desired` are the objects of the revision, `in_git` those in it that are not applied, `others` of kinds that are not managed.
    """
    wanted = {d.key: d for d in (*desired, *in_git)}
    cluster = {**live, **{key_of(o): o for o in others}, **{key_of(o): o for o in running}}
    objects = {**cluster, **{k: d.object for k, d in wanted.items()}}
    edges = edges_of(objects, running)
    reverse = reversed_edges(edges)
    moved = [i.key for i in plan.items if i.writes or i.op in ("prune", "hold")]
    uses: dict[Key, list[str]] = {}
    for key in moved:
        for user in users_in(key, reverse):
            uses.setdefault(user, []).append(str(key))
    out = []
    for key, reached in sorted(uses.items()):
        place = wanted.get(key)
        next_fires = fires(objects[key], now) if key.kind == "CronWorkflow" and key in objects else ()
        out.append(
            User(
                str(key),
                "git" if place else "cluster",
                tuple(sorted(reached)),
                next_fires,
                place.path if place else "",
                place.line if place else 0,
            )
        )
    return tuple(out)
