"""Stop, Terminate and deadlines: what is running is ended (upstream: exec_control.go)."""

from __future__ import annotations

from executor.engine import phases, retry
from executor.engine.contract import DeletePod, TerminatePod
from executor.engine.run import Node, Run

_PODLESS = frozenset({"Suspend", "HTTP", "Plugin"})


def in_exit_handler(run: Run, node: Node) -> bool:
    """Whether a node is part of an exit handler: it or a node around it is called `….onExit`."""
    current: Node | None = node
    for _ in range(200):
        if current is None:
            return False
        name = str(current.get("displayName") or "")
        if name.split("(", 1)[0].endswith(".onExit") or current["name"].split("(", 1)[0].endswith(".onExit"):
            return True
        current = run.nodes.get(current.get("boundaryID") or "")
    return False


def enforce(run: Run) -> None:
    """End what a shutdown or the workflow's deadline forbids."""
    stopping = bool(run.shutdown)
    late = run.deadline is not None and run.now >= run.deadline
    if not stopping and not late:
        return
    for identity, node in list(run.nodes.items()):
        if phases.fulfilled(node) and not node.get("daemoned"):
            continue
        exempt = in_exit_handler(run, node)
        if exempt and run.shutdown != "Terminate":
            continue
        message = (
            f"workflow shutdown with strategy:  {run.shutdown}" if stopping else "Step exceeded its deadline"
        )
        if node.get("type") == "Pod":
            _end_pod(run, identity, node, message)
        elif node.get("type") in _PODLESS or (
            node.get("phase") == phases.PENDING and node.get("type") != "Container"
        ):
            run.mark(
                identity, phases.FAILED, f"Stopped with strategy '{run.shutdown}'" if stopping else message
            )
        elif node.get("type") == "Retry":
            tried = retry.attempts(run, node)
            if tried and all(phases.phase_fulfilled(n) for n in tried) and phases.failed(tried[-1]):
                run.mark(
                    identity,
                    phases.FAILED,
                    f"Stopped with strategy '{run.shutdown}'" if stopping else message,
                )


def _end_pod(run: Run, identity: str, node: Node, message: str) -> None:
    name = run.pod_name_of(node)
    if node.get("phase") == phases.PENDING:
        run.command(DeletePod(name))
    else:
        run.command(TerminatePod(name))
    run.put(identity, daemoned=None)
    run.mark(identity, phases.FAILED, message)
    for child in [
        n for n in run.nodes.values() if n.get("boundaryID") == identity and n.get("type") == "Container"
    ]:
        if not phases.fulfilled(child):
            run.mark(child["id"], phases.FAILED, message)


def end_leftovers(run: Run) -> None:
    """The workflow ends although some of it still runs (a sibling timed out, say): nothing is left behind."""
    message = f"workflow ended: {run.phase}"
    for identity, node in list(run.nodes.items()):
        if phases.phase_fulfilled(node) or identity == run.name:
            continue
        if node.get("type") == "Pod":
            _end_pod(run, identity, node, message)
        else:
            run.mark(identity, phases.FAILED, message)
