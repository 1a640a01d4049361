"""Resource and data templates, in process: what `argoexec resource` and `argoexec data` do.

A resource template goes through a `ResourceClient`, which is all that this module knows of Kubernetes.
Upstream: workflow/executor/resource.go and data.go.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, Protocol

from executor.artifacts import locations
from executor.artifacts.base import ArtifactError
from executor.engine.gojson import marshal_any
from executor.runtimes.jsonpath import JsonPathError, render

if TYPE_CHECKING:
    from executor.runtimes.containers import ContainerRun

Object = dict[str, Any]
CHECK_INTERVAL = 5.0  # seconds between two looks at a resource, as upstream
FIRST_INTERVAL = 0.1  # a local store answers at once, so the first looks come sooner and then slow down


class ResourceError(Exception):
    """A request that was refused; the text is what kubectl would say."""


class ResourceClient(Protocol):
    """The verbs of a resource template. `namespace` is used where the manifest names none.

    A client may also have `patience(kind) -> float | None`: how many seconds to wait for the conditions of a kind
    at most (None, and no such method: for ever).
    """

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""

    def create(self, manifest: Object, namespace: str) -> Object:
        """Create; raises ResourceError when it exists."""

    def apply(self, manifest: Object, namespace: str) -> Object:
        """Create or merge."""

    def replace(self, manifest: Object, namespace: str) -> Object:
        """Replace; raises ResourceError when it does not exist."""

    def patch(
        self, api_version: str, kind: str, namespace: str, name: str, patch: Any, strategy: str
    ) -> Object:
        """Patch by `strategy`: strategic, merge or json."""

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> bool:
        """Delete; False when there was nothing."""


def play(verb: str, run: ContainerRun, log: IO[bytes]) -> tuple[int, str, Object | None]:
    """Play a `resource` or `data` template: (exit code, termination message, outputs that main made itself)."""
    template = run.pod.template or {}

    def say(text: str) -> None:
        log.write(text.encode("utf-8", "replace") + b"\n")
        log.flush()

    try:
        if verb == "data":
            result = _data(template.get("data") or {}, run)
            text = marshal_any(result)
            say(text)
            return 0, "", {"result": text}
        return 0, "", _resource(template, run, say)
    except ResourceError as error:
        say(str(error))
        return 1, str(error), None


# --- resource -----------------------------------------------------------------------------------------


def _manifests(template: Object, run: ContainerRun) -> list[Object]:
    import yaml

    resource = template.get("resource") or {}
    text = resource.get("manifest") or ""
    source = (resource.get("manifestFrom") or {}).get("artifact")
    if source:
        name = source.get("name")
        volume = run.pod.volumes.get("input-artifacts")
        path = volume[0] / str(name) if volume else None
        if path is None or not path.is_file():
            raise ResourceError(f"manifest artifact {name!r} was not loaded")
        text = path.read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = [doc for doc in yaml.load_all(text, Loader=loader) if doc is not None]
    except yaml.YAMLError as error:
        raise ResourceError(f"error parsing the resource manifest: {error}") from None
    if resource.get("action") == "patch" and str(resource.get("mergeStrategy") or "") == "json":
        return [{"operations": doc} for doc in found]
    if not all(isinstance(doc, dict) for doc in found):
        raise ResourceError("the resource manifest is not an object")
    return found


def _flag_value(flags: list[str], *names: str) -> str | None:
    for index, flag in enumerate(flags):
        for name in names:
            if flag == name and index + 1 < len(flags):
                return flags[index + 1]
            if flag.startswith(name + "="):
                return flag[len(name) + 1 :]
    return None


def _named_by_flags(flags: list[str]) -> tuple[str, str]:
    """(kind, name) of `kubectl patch KIND NAME` or `KIND/NAME` given as flags."""
    words, skip = [], False
    for flag in flags:
        if skip:
            skip = False
        elif flag.startswith("-"):
            skip = "=" not in flag and flag in (
                "-n",
                "--namespace",
                "--type",
                "-p",
                "--patch",
                "--subresource",
            )
        else:
            words.append(flag)
    if len(words) == 1 and "/" in words[0]:
        kind, _, name = words[0].partition("/")
        return kind, name
    return (words[0], words[1]) if len(words) > 1 else ("", "")


def _one(action: str, resource: Object, manifest: Object, run: ContainerRun, say: Any) -> Object | None:
    client: ResourceClient | None = run.pod.runner.resource_client
    if client is None:
        raise ResourceError("a resource template needs a Kubernetes API, and none was given")
    flags = [str(flag) for flag in resource.get("flags") or []]
    namespace = (
        _flag_value(flags, "-n", "--namespace")
        or (manifest.get("metadata") or {}).get("namespace")
        or run.pod.namespace
    )
    kind, api_version = str(manifest.get("kind") or ""), str(manifest.get("apiVersion") or "v1")
    name = str((manifest.get("metadata") or {}).get("name") or "")
    if action == "patch":
        target_kind, target_name = _named_by_flags(flags)
        strategy = str(resource.get("mergeStrategy") or "strategic")
        if not (target_name or name):
            raise ResourceError("a patch needs the name of its target: metadata.name, or flags [KIND, NAME]")
        patch = manifest["operations"] if strategy == "json" else manifest
        return client.patch(api_version, target_kind or kind, namespace, target_name or name, patch, strategy)
    if not kind or not (name or (manifest.get("metadata") or {}).get("generateName")):
        raise ResourceError("the resource manifest has no kind or no metadata.name")
    if action == "get":
        found = client.get(api_version, kind, namespace, name)
        if found is None:
            raise ResourceError(f'Error from server (NotFound): {kind} "{name}" not found')
        return found
    if action == "delete":
        client.delete(api_version, kind, namespace, name)
        return None
    if action == "create":
        return client.create(manifest, namespace)
    if action == "apply":
        return client.apply(manifest, namespace)
    if action == "replace":
        return client.replace(manifest, namespace)
    raise ResourceError(
        f"resource action {action!r} is not one of get, create, apply, delete, replace, patch"
    )


def _resource(template: Object, run: ContainerRun, say: Any) -> Object:
    resource = template.get("resource") or {}
    action = str(resource.get("action") or "")
    manifests = _manifests(template, run)
    if not manifests and action in ("get", "delete"):
        kind, name = _named_by_flags([str(f) for f in resource.get("flags") or []])
        manifests = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}]
    if not manifests:
        raise ResourceError("the resource template has no manifest")
    if action == "delete" and (resource.get("successCondition") or resource.get("failureCondition")):
        raise ResourceError("delete cannot have a successCondition or a failureCondition")
    found: Object | None = None
    for manifest in manifests:
        found = _one(action, resource, manifest, run, say)
        if found is not None:
            say(f"{found.get('kind')}.{found.get('apiVersion')}/{found['metadata'].get('name')}")
    if found is None:
        return {}
    if resource.get("successCondition") or resource.get("failureCondition"):
        found = _await(found, resource, run, say)
    return _outputs(template, found)


def _judge(resource: Object, found: Object) -> str:
    from argolint.language import selectors
    from argolint.language.errors import LanguageError

    success, failure = (
        str(resource.get("successCondition") or ""),
        str(resource.get("failureCondition") or ""),
    )
    try:
        return selectors.resource_outcome(success, failure, found)
    except LanguageError as error:
        raise ResourceError(f"cannot parse condition {success or failure!r}: {error.message}") from None


def _await(found: Object, resource: Object, run: ContainerRun, say: Any) -> Object:
    """Look at the object until a condition decides; upstream looks every five seconds."""
    client: ResourceClient = run.pod.runner.resource_client
    meta = found["metadata"]
    pause = FIRST_INTERVAL
    patience = getattr(client, "patience", None)
    limit: float | None = patience(found["kind"]) if patience is not None else None
    given_up = time.monotonic() + limit if limit is not None else None
    while True:
        current = client.get(
            found["apiVersion"], found["kind"], meta.get("namespace") or run.pod.namespace, meta["name"]
        )
        if current is None:
            raise ResourceError(
                f"the resource has been deleted while its status was still being checked: {found['kind']} {meta['name']}"
            )
        verdict = _judge(resource, current)
        if verdict == "failed":
            raise ResourceError(f"failure condition '{resource['failureCondition']}' evaluated true")
        if verdict == "succeeded":
            say(f"success condition '{resource.get('successCondition') or ''}' evaluated true")
            return current
        if given_up is not None and time.monotonic() >= given_up:
            raise ResourceError(
                f"{found['kind']} {meta['name']} still meets neither condition after {limit:.0f}s, and nothing here changes its status: "
                "run it in a cluster, or let a step patch the status"
            )
        with run.pod.changed:
            until = time.monotonic() + pause
            while not run.stopped and (rest := until - time.monotonic()) > 0:
                run.pod.changed.wait(rest)
        if run.stopped:
            raise ResourceError("stopped while waiting for the resource's conditions")
        pause = min(CHECK_INTERVAL, pause * 1.5)


def _outputs(template: Object, found: Object) -> Object:
    parameters = []
    for parameter in (template.get("outputs") or {}).get("parameters") or []:
        source = parameter.get("valueFrom") or {}
        if source.get("jsonPath"):
            try:
                value = render(source["jsonPath"], found)
            except JsonPathError as error:
                raise ResourceError(f"output parameter {parameter.get('name')!r}: {error}") from None
        elif source.get("jqFilter"):
            value = jq(source["jqFilter"], found)
        else:
            parameters.append(dict(parameter))
            continue
        parameters.append({**parameter, "value": value})
    return {"parameters": parameters} if parameters else {}


def jq(filter_text: str, value: Any) -> str:
    """Run a jq filter by the jq program; strings raw, results on lines. Raises ResourceError."""
    program = shutil.which("jq")
    if program is None:
        raise ResourceError(f"jqFilter {filter_text!r} needs the jq program, which is not on this machine")
    words = [program, "-r", filter_text if not filter_text.startswith("-") else " " + filter_text]
    try:
        # No environment: a filter can read $ENV.
        done = subprocess.run(
            words, input=json.dumps(value).encode(), capture_output=True, timeout=30, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ResourceError(f"jqFilter {filter_text!r}: {error}") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ResourceError(f"jqFilter {filter_text!r}: {lines[0] if lines else done.returncode}")
    return done.stdout.decode("utf-8", "replace").strip()


# --- data ---------------------------------------------------------------------------------------------


def _data(data: Mapping[str, Any], run: ContainerRun) -> Any:
    """List the artifact paths and run every transformation over them."""
    from argolint.language.errors import LanguageError
    from argolint.language.expr.evaluator import evaluate

    source = (data.get("source") or {}).get("artifactPaths")
    if source is None:
        raise ResourceError("a data template needs source.artifactPaths")
    kind = locations.location_kind(source) or "s3"
    if kind not in {name for name, _, _ in locations.STORES}:
        raise ResourceError(f"artifactPaths cannot list a {kind} location")
    repository = (run.pod.template or {}).get("archiveLocation") or {}
    try:
        value: Any = locations.keys_below(source, kind, run.pod.artifacts, repository)
    except ArtifactError as error:
        raise ResourceError(f"cannot list artifactPaths: {error}") from None
    for step in data.get("transformation") or []:
        try:
            value = evaluate(str(step.get("expression") or ""), {"data": value})
        except LanguageError as error:
            raise ResourceError(f"transformation {step.get('expression')!r}: {error}") from None
    return value
