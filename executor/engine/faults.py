"""How a step of the walk says that it cannot go on. None of these leaves `advance`."""

from __future__ import annotations


class TemplateFault(Exception):
    """The node cannot be run as written: it becomes Error with this message."""


class TimedOut(Exception):
    """The node's own `timeout` or `pendingTimeout` passed: it becomes Failed."""


class Held(Exception):
    """Not now: parallelism, a lock, a variable that is not there yet. Nothing is written; a later pass tries again."""


class Missing(Held):
    """Not now: a `steps.` or `tasks.` variable is not there. `name` is the variable, dotted."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class Full(Held):
    """Not now, nor any other new node of the same group: a limit on how many run at once is reached."""


class WorkflowFault(Exception):
    """The workflow as a whole cannot go on. `phase` is Failed (its own fault) or Error."""

    def __init__(self, message: str, phase: str = "Error") -> None:
        super().__init__(message)
        self.phase = phase
