"""What a run asks of servers: requests of `http` templates, executor plugins. A thread each; answers go to the driver's queue.

A request waits in `waiting` until the driver lets it begin: a run may be held before it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from executor.engine import contract as c
from executor.local.http import run_http
from executor.local.objects import ObjectStore

Object = dict[str, Any]
Key = tuple[str, str]


class Asked(NamedTuple):
    """One thing to ask: the workflow's key, the node, its template; `workflow` for a plugin, None for an http request."""

    key: Key
    node_id: str
    template: Mapping[str, Any]
    workflow: Object | None = None

    @property
    def text(self) -> str:
        """What it asks, for people."""
        if self.workflow is not None:
            return f"plugin {', '.join(self.template.get('plugin') or {})}"
        http = self.template.get("http") or {}
        body = f"\n{http['body']}" if http.get("body") else ""
        return f"{http.get('method') or 'GET'} {http.get('url')}{body}"

    def answered(self, outputs: Mapping[str, str]) -> c.Observation:
        """What the driver observes when somebody else gives its outputs; `result` is the result."""
        result = outputs.get("result", "")
        if self.workflow is None:
            return c.HttpObserved(self.node_id, {"statusCode": 200, "headers": {}, "body": result})
        named = [{"name": n, "value": v} for n, v in outputs.items() if n != "result"]
        found: Object = {"parameters": named} if named else {}
        return c.PluginObserved(
            self.node_id,
            "Succeeded",
            outputs={**found, **({"result": result} if "result" in outputs else {})},
        )


class Requests:
    """Requests under way. `put` runs a function in the driver's thread, `observe(workflow's key, observation)` is told there."""

    def __init__(
        self,
        put: Callable[[Callable[[], None]], None],
        observe: Callable[[Key, c.Observation], None],
        store: ObjectStore,
        plugins: Mapping[str, str],
    ) -> None:
        self._put, self._observe, self._store, self._plugins = put, observe, store, dict(plugins)
        self._over = threading.Event()
        self.open = 0  # read and written in the driver's thread, as is what waits
        self.waiting: deque[Asked] = deque()

    def close(self) -> None:
        """Ask nothing any more."""
        self._over.set()

    def asked(self, node_id: str) -> Asked | None:
        """What a node is going to ask, as long as it waits for that."""
        return next((asked for asked in self.waiting if asked.node_id == node_id), None)

    def begin(self) -> None:
        """Ask what has waited longest."""
        key, node_id, template, workflow = self.waiting.popleft()
        if workflow is None:
            self._http(key, node_id, template)
        else:
            self._plugin(key, node_id, template, workflow)

    def _http(self, key: Key, node_id: str, template: Mapping[str, Any]) -> None:
        """Make the request of an `http` template."""

        def work() -> None:
            try:
                response, error = run_http(template, self._secret_key(key[0]))
            except Exception as problem:  # the request must be answered whatever it was
                response, error = None, f"{type(problem).__name__}: {problem}"
            self._put(lambda: self._observe(key, c.HttpObserved(node_id, response, error)))

        self._start(f"http-{node_id}", work)

    def _plugin(self, key: Key, node_id: str, template: Mapping[str, Any], workflow: Object) -> None:
        """Let an executor plugin carry its template out."""

        def tell(seen: c.PluginObserved) -> None:
            self._put(lambda: self._observe(key, seen))

        def work() -> None:
            from executor.local.plugins import run_plugin

            try:
                run_plugin(node_id, template, workflow, self._plugins, tell, self._over)
            except Exception as problem:  # the node must end whatever it was
                tell(c.PluginObserved(node_id, "Error", f"{type(problem).__name__}: {problem}"))

        self._start(f"plugin-{node_id}", work)

    def _start(self, name: str, work: Callable[[], None]) -> None:
        self.open += 1

        def guarded() -> None:
            try:
                work()
            finally:
                self._put(self._ended)

        threading.Thread(target=guarded, name=name, daemon=True).start()

    def _ended(self) -> None:
        self.open -= 1

    def _secret_key(self, namespace: str) -> Callable[[Mapping[str, Any]], str]:
        def lookup(reference: Mapping[str, Any]) -> str:
            from executor.runtimes.podenv import ConfigError, decode_secret

            found = self._store.get("v1", "Secret", namespace, str(reference.get("name")))
            if found is None:
                raise LookupError(f'secret "{reference.get("name")}" not found')
            try:
                values = decode_secret(found)
            except ConfigError as error:
                raise LookupError(str(error)) from None
            if reference.get("key") not in values:
                raise LookupError(f'secret "{reference.get("name")}" has no key "{reference.get("key")}"')
            return values[reference["key"]].decode("utf-8", "replace")

        return lookup
