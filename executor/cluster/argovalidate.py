"""What argo-server refuses before it creates a workflow: a spec that no controller would begin with.

The engine is asked, with the workflow suspended so that it goes no further than its checks. Upstream: workflow/validate, which
server/workflow/workflow_server.go calls with every create and submit.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from executor import engine
from executor.cluster.status import ApiStatus, bad_request
from executor.engine import Context

if TYPE_CHECKING:
    from executor.cluster.store import Store

_GROUP: Final = "argoproj.io"
_INVALID: Final = "invalid spec: "
_MISSING: Final = re.compile(r'(cluster)?workflowtemplates\.argoproj\.io "[^"]*" not found')


class _Stored(Mapping[Any, Any]):
    """Objects of the store by key, read when they are asked for."""

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self._find = find

    def __getitem__(self, key: Any) -> Any:
        entry = self._find(key)
        if entry is None:
            raise KeyError(key)
        return entry.obj

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


def check(store: Store, workflow: Mapping[str, Any], namespace: str) -> None:
    """Refuse a workflow that is to be created. ApiStatus 400 for its spec, 404 for a template that it refers to and that is not there."""
    spec = workflow.get("spec")
    if isinstance(spec, Mapping):
        kept = {key: copy.deepcopy(value) for key, value in spec.items() if key != "synchronization"}
        spec = {**kept, "suspend": True}
    name = (workflow.get("metadata") or {}).get("name") or "validate"
    now = datetime.now(UTC)
    manifest = {"metadata": {"name": name}, "spec": spec}
    made = engine.new_workflow(manifest, name=str(name), uid="validate", now=now, namespace=namespace)
    context = Context(
        workflow_templates=_Stored(lambda key: store.get(f"workflowtemplates.{_GROUP}", *key)),
        cluster_workflow_templates=_Stored(
            lambda key: store.get(f"clusterworkflowtemplates.{_GROUP}", "", key)
        ),
        config_maps=_Stored(lambda key: store.get("configmaps", *key)),
        image_commands={"*": (("sh",), ())},
        plugins=frozenset("*"),
    )
    status = engine.advance(made, [], now, context).state.get("status") or {}
    message = str(status.get("message") or "")
    if status.get("phase") not in ("Failed", "Error"):
        return
    if message.startswith(_INVALID):
        raise bad_request(message.removeprefix(_INVALID))
    if _MISSING.fullmatch(message):
        raise ApiStatus(404, "NotFound", message)
