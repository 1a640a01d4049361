"""Putting together what a synchronisation works with, from the configuration."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from argolint.errors import UserError
from argolint.kube import KubeClient
from reconciler.audit import teeing
from reconciler.cluster import connect
from reconciler.config import Config, TargetConfig
from reconciler.context import Context
from reconciler.events import Log, logger
from reconciler.lease import Lease
from reconciler.source import open_source
from reconciler.state import Store


def open_context(
    config: Config,
    target: TargetConfig,
    log: Log | None = None,
    *,
    looking: bool = False,
    client: KubeClient | None = None,
) -> Context:
    """A context with no lock and no lease. Raises UserError.

    `looking` gives it a clone of its own, so that a plan never disturbs an `argosync run` on the same state directory.
    `client` stands in for the cluster of the kubeconfig.
    """
    source_config = config.source(target.source)
    store = Store(config.state, target.name)
    source = open_source(source_config, store.folder / "looking" if looking else store.folder)
    log = log or logger(target.name, secrets=lambda: secrets_of(config))
    context = Context(target, source, client or connect(target), store, log=log)
    for note in store.notes:
        log("state-damaged", message=note)
    return context


@contextmanager
def writing(
    context: Context, *, keep_lease: bool = False, sleep: Callable[[float], Any] = time.sleep
) -> Iterator[Context]:
    """Make a context fit for writing: the state directory is locked; the Lease is taken before the first write.

    With `keep_lease` it is taken now, as a process that keeps running does. Raises UserError when another is at work.
    """
    context.store.lock()
    context.log = teeing(context.log, context.store.audit, context.now)
    lease = Lease(context.client, context.namespace, context.target.name)
    context.sleep = sleep

    def may_write() -> None:
        lease.acquire()

    context.may_write = may_write
    try:
        if keep_lease:
            lease.acquire()
        yield context
    finally:
        lease.release()
        context.store.unlock()


def secrets_of(config: Config) -> list[str]:
    """The values of all secrets that can be read now, so that they can be taken out of whatever is printed."""
    references = [s for source in config.sources for s in (source.auth.token, source.auth.password)]
    references += [s.commit_status.token for s in config.sources if s.commit_status]
    references += [r.secret for r in config.operation.receivers]
    references += [n.url for n in config.operation.notifiers]
    out = []
    for secret in references:
        if secret is not None:
            try:
                out.append(secret.read())
            except UserError:
                continue
    return out
