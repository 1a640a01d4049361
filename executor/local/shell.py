"""A shell where a node ran: the same files, variables, mounts and toolchain, after it has ended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Any

from argolint.errors import UserError
from executor.local import again, secrets, session, settings
from executor.local.inspect import pod_directory
from executor.local.masking import Masker
from executor.local.rundir import FINAL, RunDirectory, read_json

Object = dict[str, Any]


def enter(run: RunDirectory, word: str, command: Sequence[str]) -> int:
    """Start a shell (or a command) in a copy of the node's main container; its exit code. Raises UserError."""
    from executor.runtimes.containers import ContainerRun
    from executor.runtimes.podrunner import PodRunner
    from executor.runtimes.probe import choose
    from executor.runtimes.sandbox import SandboxRuntime

    choice = choose(str(run.info().get("runtime") or "process"))
    if not isinstance(choice.runtime, SandboxRuntime):
        raise UserError(
            "a shell needs the sandbox of the process runtime",
            "see the node's files by `argorun explain`",
            exit_code=4,
        )
    workflow = run.workflows()[0]
    _, node = again.find_node(workflow, word)
    if node.get("type") != "Pod":
        raise UserError(
            f"{node.get('name')} is a {node.get('type')}, not a pod", "name one of the pods below it"
        )
    directory = pod_directory(run, workflow, node)
    final = read_json(directory / FINAL)
    if final is None:
        raise UserError(f"{node.get('name')} has not ended", "its files are in use; wait for it")
    inputs = again.input_of(run)
    local = settings.load(inputs.root)
    options = again.options_of(run, secrets.Given())
    world = session.world_for(options, local, inputs, [workflow])
    pod = Masker(secrets.known_values(world.store)).unseal(final["pod"])
    runner = PodRunner(
        choice.runtime, None, run.pods, images=world.images, claims_dir=run.path.parent.parent / "volumes",
        lookup_secret=lambda ns, name: world.store.get("v1", "Secret", ns, name),
        lookup_config_map=lambda ns, name: world.store.get("v1", "ConfigMap", ns, name), network=local.network,
    )  # fmt: skip
    handle = runner.prepare(pod, lambda status: None, lambda result: None)
    handle.restore()
    container = next(c for c in pod["spec"]["containers"] if c.get("name") != "wait")
    main = ContainerRun(handle, container, handle.states[str(container.get("name"))])
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        spec = main.specify(null, null)
    finally:
        os.close(null)
    return _interactive(choice.runtime, spec, list(command) or ["sh", "-i"])


def _interactive(runtime: Any, spec: Any, command: list[str]) -> int:
    """Run a command in the container's sandbox with this terminal."""
    argv, descriptors = runtime.interactive(spec)
    try:
        done = subprocess.run([*argv, "--", *command], pass_fds=descriptors, env={}, cwd="/", check=False)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
