"""What changed between Argo releases and is decided by the engine; each question is asked here and nowhere else.

`Context.rules_version` is a minor release, `3.4` to `4.1`; changes that came with a patch release count from its minor
release on. (Upstream: docs/upgrading.md, the changelog.)
"""

from __future__ import annotations

from executor.engine.run import Run

Version = tuple[int, int]


def version_of(text: str) -> Version:
    """(major, minor) of a release text such as `3.6`, `v4.1.2`; the newest rules for what cannot be read."""
    parts = text.strip().lstrip("v").split(".")
    try:
        return int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
    except ValueError:
        return 4, 1


def _since(run: Run, version: Version) -> bool:
    return version_of(run.context.rules_version) >= version


def expressions_retry_always(run: Run) -> bool:
    """3.5: a retryStrategy with an expression and no policy retries errors too."""
    return _since(run, (3, 5))


def depth_is_limited(run: Run) -> bool:
    """3.5: templates nest at most 100 deep."""
    return _since(run, (3, 5))


def has_main_entrypoint(run: Run) -> bool:
    """3.5: `workflow.mainEntrypoint`."""
    return _since(run, (3, 5))


def has_last_retry_message(run: Run) -> bool:
    """3.5: `lastRetry.message`."""
    return _since(run, (3, 5))


def locks_are_lists(run: Run) -> bool:
    """3.6: `mutexes` and `semaphores`; before that the fields are unknown and dropped."""
    return _since(run, (3, 6))


def locks_are_single(run: Run) -> bool:
    """Before 4.0: `mutex` and `semaphore`; since then a lock that is asked for in this way silently is none."""
    return not _since(run, (4, 0))


def pods_have_priority(run: Run) -> bool:
    """Before 4.0: `podPriority`."""
    return not _since(run, (4, 0))


def pods_have_resources(run: Run) -> bool:
    """4.1: `podResources` and `resourceClaims`."""
    return _since(run, (4, 1))


def has_pending_timeout(run: Run) -> bool:
    """4.1: `pendingTimeout`."""
    return _since(run, (4, 1))


def display_names_are_set(run: Run) -> bool:
    """3.7: the template annotation `workflows.argoproj.io/display-name`."""
    return _since(run, (3, 7))


def references_are_strict(run: Run) -> bool:
    """3.7 (in a patch release): a missing `steps.` or `tasks.` output makes the step wait; before, its tag stays as text."""
    return _since(run, (3, 7))


def absent_outputs_resolve(run: Run) -> bool:
    """3.7 (in a patch release): outputs of skipped steps are their defaults, or absent; before, their tags stay as text."""
    return _since(run, (3, 7))


def daemons_retry(run: Run) -> bool:
    """3.7: a retryStrategy also applies to daemons."""
    return _since(run, (3, 7))


def failed_pods_restart(run: Run) -> bool:
    """4.0: pods that failed before they began are started again."""
    return _since(run, (4, 0))
