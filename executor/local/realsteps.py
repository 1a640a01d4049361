"""Steps of a test case that really run: `unmocked: run`, `spy: true`, and stubs of `exec:` in a step's place.

The clock stays virtual: a step is run when its time has come, to its end, and the case goes on with what it came to.
Files pass from step to step by a store in a temporary directory, and resource templates act on objects in memory; both go
with the case. A daemon runs on until the case has ended.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argolint.errors import UserError
from executor.engine import contract as c
from executor.engine.simulate import template_of
from executor.local.objects import ObjectStore
from executor.runtimes.base import ContainerHandle, ContainerRuntime, ContainerSpec, Mount

if TYPE_CHECKING:
    from executor.runtimes.podrunner import PodHandle

Object = dict[str, Any]
STUBS = "/.argorun/test"  # where a stub finds the test file's directory
PATIENCE = 600.0  # real seconds that one step may take
POLL = 0.05  # seconds between two looks at a daemon
CONDITIONS = 5.0  # real seconds that a resource template waits: nothing in a test changes a status meanwhile


class _Objects(ObjectStore):
    """The objects of one case."""

    def patience(self, kind: str) -> float | None:
        """How long to wait for any kind's status to change."""
        return CONDITIONS


class _Stubbed:
    """A runtime that starts a stub; the command that it stands for is its arguments."""

    def __init__(self, inner: ContainerRuntime, stub: Sequence[str], folder: Path) -> None:
        self.inner, self.stub, self.folder = inner, tuple(stub), folder
        self.name, self.needs_profile = inner.name, inner.needs_profile

    def start(self, spec: ContainerSpec) -> ContainerHandle:
        """Start the stub with the container's own argument vector, variables and files."""
        mounts = (*spec.mounts, Mount(self.folder, STUBS, read_only=True))
        return self.inner.start(replace(spec, argv=(*self.stub, *spec.argv), mounts=mounts))


class RealSteps:
    """Runs pods and http requests of one case. Use it as a context manager; nothing is set up before the first step."""

    def __init__(self, folder: Path, images: Mapping[str, Any], objects: ObjectStore) -> None:
        """`folder` is the test file's directory, `images` the `local.images` of the configuration, `objects` what is there."""
        self._folder = folder.resolve()
        self._images = images
        self._given = objects
        self.ran = False  # whether anything did run
        self._daemons: list[PodHandle] = []
        self._scratch: Path | None = None
        self._runtime: ContainerRuntime | None = None

    def __enter__(self) -> RealSteps:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._daemons:
            handle.kill()
        for handle in self._daemons:
            handle.wait(30)
        if self._scratch is not None:
            from executor.runtimes.sandbox import remove_tree

            remove_tree(self._scratch)

    def performer(self, stub: Sequence[str] = ()) -> Callable[[str, Mapping[str, Any]], list[c.Observation]]:
        """What an Answer's `perform` is: run the step itself, or `stub` (a program and its first arguments) in its place.

        UserError: the stub is not there, or nothing can run on this machine.
        """
        words = self._stub_words(stub)

        def perform(node_id: str, what: Mapping[str, Any]) -> list[c.Observation]:
            self.ran = True
            if what.get("kind") == "Pod" or "containers" in (what.get("spec") or {}):
                return self._pod(node_id, dict(what), words)
            return [self._request(node_id, what)]

        return perform

    def keep_artifact(self, key: str, source: Path) -> None:
        """Put a file of the test into the store, so that real steps find the artifact that a mock gave."""
        target = self._root() / "artifacts" / "s3" / "local" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)

    @cached_property
    def _objects(self) -> ObjectStore:
        """What is there in this case: a copy, made when something runs."""
        objects = _Objects()
        for obj in self._given.made(frozenset()):
            objects.put(obj)
        return objects

    def _stub_words(self, stub: Sequence[str]) -> tuple[str, ...]:
        if not stub:
            return ()
        program, *rest = stub
        if "/" not in program:
            return (program, *rest)
        path = (self._folder / program).resolve()
        if not path.is_file() or not os.access(path, os.X_OK):
            raise UserError(
                f"exec: {program} is not an executable file",
                "chmod +x it; paths are relative to the test file",
            )
        if not path.is_relative_to(self._folder):
            raise UserError(f"exec: {program} is outside the test file's directory", "put the stub beside it")
        return (f"{STUBS}/{path.relative_to(self._folder).as_posix()}", *rest)

    def _root(self) -> Path:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="argorun-test-"))
        return self._scratch

    def _runner(self, stub: Sequence[str]) -> Any:
        from executor.artifacts.disk import DiskStore
        from executor.runtimes.images import ImageMap, Rule, image_map, toolchains
        from executor.runtimes.podrunner import PodRunner
        from executor.runtimes.probe import choose

        if self._runtime is None:
            self._runtime = choose("process").runtime
        runtime, images = self._runtime, image_map(self._images)
        if stub:
            runtime = _Stubbed(runtime, stub, self._folder)
            images = ImageMap((*images.rules, Rule("*", toolchains()["debian"])))
        root = self._root()
        return PodRunner(
            runtime, DiskStore(root / "artifacts"), root / "pods", images=images, claims_dir=root / "volumes",
            lookup_secret=lambda space, name: self._objects.get("v1", "Secret", space, name),
            lookup_config_map=lambda space, name: self._objects.get("v1", "ConfigMap", space, name),
            resource_client=self._objects,
        )  # fmt: skip

    def _pod(self, node_id: str, pod: Object, stub: tuple[str, ...]) -> list[c.Observation]:
        results: list[Object] = []
        runner = self._runner(stub)
        handle = runner.start(pod, lambda status: None, results.append)
        if template_of(pod).get("daemon"):
            self._daemons.append(handle)
            status = _until_ready(handle)
            return [*map(c.TaskResultObserved, results[-1:]), c.PodObserved({**pod, "status": status})]
        status = handle.wait(PATIENCE)
        if status is None:
            handle.kill()
            status = handle.wait(30) or {"phase": "Failed"}
            status = {**status, "message": f"the step did not end within {PATIENCE:.0f} s"}
        handle.cleanup()
        seen: list[c.Observation] = [c.TaskResultObserved(results[-1])] if results else []
        return [*seen, c.PodObserved({**pod, "status": status})]

    def _request(self, node_id: str, template: Mapping[str, Any]) -> c.HttpObserved:
        from executor.local.http import run_http

        def secret(reference: Mapping[str, Any]) -> str:
            from executor.runtimes.podenv import decode_secret

            found = self._objects.get("v1", "Secret", "default", str(reference.get("name")))
            if found is None:
                raise LookupError(f'secret "{reference.get("name")}" not found')
            return decode_secret(found)[str(reference.get("key"))].decode("utf-8", "replace")

        response, error = run_http(template, secret)
        return c.HttpObserved(node_id, response, error)


def _until_ready(handle: PodHandle) -> Object:
    """A daemon's status once it is ready, or has ended; after `PATIENCE` it is killed."""
    end = time.monotonic() + PATIENCE
    while (status := handle.wait(POLL)) is None:
        status = handle.status
        containers = status.get("containerStatuses") or []
        if status["phase"] == "Running" and all(one["ready"] for one in containers):
            return status
        if time.monotonic() > end:
            handle.kill()
    return status
