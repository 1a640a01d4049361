"""REL128."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import calls, locks_of
from argolint.context import Context
from argolint.model.workflow import Template, WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL128", "lock-held-while-suspended", on="spec", severity="warning", keys=("synchronization",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A mutex is held while the workflow waits for somebody."""
    if not ctx.source.mentions("synchronization") or not ctx.source.mentions("suspend"):
        return
    whole_run = list(locks_of(spec))
    for holder in spec.all_templates:
        locks = list(locks_of(holder)) if "synchronization" in holder else []
        waiting = suspends_below(holder, ()) if locks else None
        for lock in locks if waiting is not None else []:
            assert waiting is not None
            yield Finding(
                lock.span,
                f"{lock.label} is held while {waiting.label} waits to be resumed: everything else that needs it waits too",
                help="take the lock in the templates that need it, or give the suspend a `duration`",
                related=[(waiting.key_span("suspend"), "waits here")],
            )
    entry = spec.template_named(spec.entrypoint)
    waiting = suspends_below(entry, ()) if entry is not None and whole_run else None
    for lock in whole_run if waiting is not None else []:
        assert waiting is not None
        yield Finding(
            lock.span,
            f"the workflow holds {lock.label} while {waiting.label} waits to be resumed",
            help="take the lock in the templates that need it, or give the suspend a `duration`",
            related=[(waiting.key_span("suspend"), "waits here")],
        )


def suspends_below(template: Template, path: tuple[int, ...]) -> Template | None:
    """A suspend template without a duration that a template runs, itself included."""
    if id(template.map) in path or len(path) > 20:
        return None
    if template.type == "suspend":
        return template if template.body.get("duration") is None else None
    for callee, _ in calls(template):
        found = suspends_below(callee, (*path, id(template.map)))
        if found is not None:
            return found
    return None
