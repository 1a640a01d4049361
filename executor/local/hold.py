"""A held run and the terminal: what `argorun run --break` shows and asks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING

from executor.local import breakpoints
from executor.local.console import Console
from executor.local.masking import Masker
from executor.local.rundir import RunDirectory

if TYPE_CHECKING:
    from executor.local.driver import Driver


def holder_of(breaks: Sequence[str], until: str) -> breakpoints.Holder | None:
    """Where the run is to be held, if anywhere. Raises UserError."""
    points = breakpoints.parse(breaks)
    if until:
        points.append(breakpoints.Point(breakpoints.AFTER, until))
    return breakpoints.Holder(points) if points else None


def asking(
    driver: list[Driver], run: RunDirectory, mask: Masker, console: Console, err: IO[str]
) -> Callable[[breakpoints.Held], breakpoints.Choice]:
    """Ask the terminal what becomes of a held run."""
    from executor.engine.contract import CreatePod
    from executor.local.inspect import explain
    from executor.local.shell import enter
    from executor.local.testrun import rendered_text

    def save() -> None:
        for workflow in driver[0].workflows():
            run.write_workflow(mask.seal(workflow), first=workflow is driver[0].workflows()[0])

    def describe(node_id: str) -> list[str]:
        save()
        pod = driver[0].waiting_pod(node_id)
        rendered = rendered_text(CreatePod(node_id, pod)) if pod is not None else None
        asked = driver[0].waiting_request(node_id)
        if asked is not None:
            rendered = (node_id, asked.text)
        lines = list(explain(driver[0].workflows()[0], node_id, run))
        lines += ["it would run:", *(f"  {text}" for text in rendered[1].splitlines())] if rendered else []
        return [mask(line) for line in lines]

    def shell(node_id: str) -> None:
        save()
        enter(run, node_id, [])

    def ask(held: breakpoints.Held) -> breakpoints.Choice:
        console.clear()
        return breakpoints.prompt(held, describe, shell, sys.stdin.readline, err)

    return ask
