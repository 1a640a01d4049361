"""Resource templates of a local run against a cluster that the user names: only the kinds that he allows, after he has confirmed it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from argolint.errors import UserError
from executor.local.objects import canonical_kind
from executor.runtimes.resources import ResourceClient, ResourceError

Object = dict[str, Any]


class Target(NamedTuple):
    """Which cluster, and the kinds that resource templates may touch in it."""

    kubeconfig: str
    context: str
    kinds: tuple[str, ...]


def target_of(kubeconfig: str | None, context: str | None, kinds: Sequence[str]) -> Target | None:
    """What the command line names; None without a cluster. Raises UserError."""
    if not kubeconfig:
        if context or kinds:
            raise UserError(
                "--context and --allow-kind are about a cluster, and none is named", "add --kubeconfig FILE"
            )
        return None
    if not kinds:
        raise UserError(
            "--kubeconfig without --allow-kind: resource templates would act on a real cluster",
            "name every kind that they may touch: --allow-kind ConfigMap --allow-kind Deployment",
        )
    return Target(str(Path(kubeconfig).expanduser().absolute()), context or "", tuple(kinds))


def target_from(info: Mapping[str, Any]) -> Target | None:
    """The target that `run.json` remembers."""
    found = info.get("cluster")
    if not isinstance(found, Mapping):
        return None
    kinds = tuple(str(kind) for kind in found.get("kinds") or ())
    return Target(str(found.get("kubeconfig") or ""), str(found.get("context") or ""), kinds)


def confirm(target: Target, yes: bool, source: IO[str], err: IO[str]) -> None:
    """Ask the terminal whether it is meant. Raises UserError when nobody says yes."""
    what = f"resource templates will act on {named(target)}: {', '.join(target.kinds)}"
    if yes:
        return
    if not (source.isatty() and err.isatty()):
        raise UserError(f"{what}; there is no terminal to confirm it", "confirm it with --yes")
    err.write(f"{what}\ngo on? [y/N] ")
    err.flush()
    if source.readline().strip().lower() not in ("y", "yes"):
        raise UserError("nothing was run")


def named(target: Target) -> str:
    """The cluster, for people."""
    return f"{target.kubeconfig}, context {target.context or 'current'}"


def resources(target: Target) -> ResourceClient:
    """A client of the cluster that touches the allowed kinds only. Raises UserError."""
    from argolint.kube import KubeClient
    from executor.cluster.kubelet_resources import ApiResources

    client = KubeClient.from_kubeconfig(target.kubeconfig, target.context or None)
    return Allowed(ApiResources(client), target.kinds)


class Allowed:
    """A ResourceClient that refuses kinds which are not allowed."""

    def __init__(self, inner: ResourceClient, kinds: Sequence[str]) -> None:
        self._inner = inner
        self._kinds = frozenset(map(canonical_kind, kinds))

    def _checked(self, kind: str) -> None:
        if canonical_kind(kind) not in self._kinds:
            raise ResourceError(
                f"{kind} is not a kind that this run may touch in the cluster (--allow-kind {kind})"
            )

    def _change(self, act: Callable[[Object, str], Object], manifest: Object, namespace: str) -> Object:
        self._checked(str(manifest.get("kind") or ""))
        return act(_without_owner(manifest), namespace)

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        self._checked(kind)
        return self._inner.get(api_version, kind, namespace, name)

    def create(self, manifest: Object, namespace: str) -> Object:
        """Create; ResourceError when it exists."""
        return self._change(self._inner.create, manifest, namespace)

    def apply(self, manifest: Object, namespace: str) -> Object:
        """Create or merge."""
        return self._change(self._inner.apply, manifest, namespace)

    def replace(self, manifest: Object, namespace: str) -> Object:
        """Replace; ResourceError when it does not exist."""
        return self._change(self._inner.replace, manifest, namespace)

    def patch(
        self, api_version: str, kind: str, namespace: str, name: str, patch: Any, strategy: str
    ) -> Object:
        """Patch by `strategy`: strategic, merge or json."""
        self._checked(kind)
        return self._inner.patch(api_version, kind, namespace, name, patch, strategy)

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> bool:
        """Delete; False when there was nothing."""
        self._checked(kind)
        return self._inner.delete(api_version, kind, namespace, name)


def _without_owner(manifest: Object) -> Object:
    """Without the reference to this run's Workflow, which the cluster does not have: it would collect the object at once."""
    meta = manifest.get("metadata") or {}
    owners = [o for o in meta.get("ownerReferences") or [] if o.get("kind") != "Workflow"]
    if len(owners) == len(meta.get("ownerReferences") or []):
        return manifest
    return {**manifest, "metadata": {**meta, "ownerReferences": owners}}


def confirmed(args: Any) -> Target | None:
    """The target of a command line, confirmed. Raises UserError."""
    target = target_of(args.kubeconfig, args.context, args.allow_kind)
    if target is not None and not args.dry_run:
        confirm(target, args.yes, sys.stdin, sys.stderr)
    return target
