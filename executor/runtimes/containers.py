"""One container of a pod: its command, environment and mounts worked out, started, watched, stopped.

A container runs in a thread of its own (the kernel ties a sandbox's life to the thread that started it). Under the
emissary a containerSet's dependencies and its retryStrategy are kept here, as argoexec does it inside the container.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from executor.runtimes import argoexec
from executor.runtimes.base import ContainerHandle, ContainerSpec, Exit, Limits, StartFailed
from executor.runtimes.input import Input
from executor.runtimes.logpump import LogPump
from executor.runtimes.podenv import ConfigError, environment, expand, quantity
from executor.runtimes.podstatus import ContainerState, stamp
from executor.runtimes.podvolumes import container_mounts

if TYPE_CHECKING:
    from executor.runtimes.podrunner import PodHandle

Object = dict[str, Any]
TERMINATION_LOG = "/dev/termination-log"
MESSAGE_LIMIT = 4096  # bytes of a termination message that a kubelet keeps
EMISSARY_ERROR = 64  # the exit code of argoexec's own failures
_DURATION = re.compile(r"([0-9.]+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Outcome(NamedTuple):
    """How a container ended, as its status says it."""

    code: int
    reason: str
    message: str


def seconds_of(text: str) -> float:
    """A Go duration ("1m30s") or a bare number of seconds; 0 when it is neither."""
    try:
        return float(text)
    except ValueError:
        return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


class ContainerRun:
    """A container of one pod, run once (or again and again, as the restart policy says)."""

    def __init__(self, pod: PodHandle, container: Object, state: ContainerState) -> None:
        self.pod = pod
        self.container = container
        self.state = state
        self.outcome: Outcome | None = None
        self.handle: ContainerHandle | None = None
        self.template_outputs: Object | None = None
        self.directory = pod.directory / "containers" / state.name.replace("/", "_")
        self.stdout_copy = self.directory / "stdout"
        self.input: Input | None = None
        self._stopped = False
        self._sent: int | None = None
        self._thread: threading.Thread | None = None

    # --- from the pod's thread ------------------------------------------------------------------------

    def start_thread(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(
            target=self._guarded, name=f"{self.pod.name}/{self.state.name}", daemon=True
        )
        self._thread.start()

    def run_to_end(self) -> Outcome:
        """Run in the calling thread (init containers)."""
        self.pod.runs[self.state.name] = self
        self._guarded()
        del self.pod.runs[self.state.name]
        self.close()
        assert self.outcome is not None
        return self.outcome

    def join(self) -> None:
        """Wait for its end."""
        if self._thread is not None:
            self._thread.join()

    def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        if self.outcome is None:
            self.signal(signal.SIGTERM)
            self.pod._after(grace, self.kill)

    def signal(self, number: int) -> None:
        """Send a signal to the main process group; a container that has not started yet never will."""
        self._stopped = True
        self._sent = number
        if self.handle is not None:
            self.handle.signal(number)
        with self.pod.changed:
            self.pod.changed.notify_all()

    def kill(self) -> None:
        """SIGKILL everything in it."""
        self._stopped = True
        self._sent = signal.SIGKILL
        if self.handle is not None:
            self.handle.kill()
        with self.pod.changed:
            self.pod.changed.notify_all()

    def close(self) -> None:
        """Free what the runtime keeps."""
        if self.handle is not None:
            self.handle.close()

    # --- in its own thread ----------------------------------------------------------------------------

    def _guarded(self) -> None:
        try:
            outcome = self._live()
        except Exception as error:  # whatever it was, the pod must end and say so
            outcome = Outcome(128, "StartError", f"{type(error).__name__}: {error}")
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        if self.input is not None:
            self.input.close()
        with self.pod.changed:
            self.outcome = outcome
            self.state.end(*outcome)
            self.pod.report()

    def _live(self) -> Outcome:
        dependency = self._await_dependencies()
        if dependency is not None:
            return dependency
        verb = argoexec.argoexec_verb(self.container)
        if verb in ("resource", "data"):
            return self._in_process(verb)
        while True:
            outcome = self._once()
            if not self._again(outcome):
                return outcome
            self._back_off(outcome)

    def _await_dependencies(self) -> Outcome | None:
        """Wait for the containers of a containerSet that this one needs; an Outcome when it must not run."""
        members = ((self.pod.template or {}).get("containerSet") or {}).get("containers") or []
        mine: Object = next((m for m in members if (m.get("name") or argoexec.MAIN) == self.state.name), {})
        for name in mine.get("dependencies") or []:
            run = self.pod.runs.get(name)
            with self.pod.changed:
                while run is not None and run.outcome is None and not self._stopped:
                    self.pod.changed.wait(1.0)
            if run is not None and run.outcome is not None and run.outcome.code != 0:
                return Outcome(run.outcome.code, "Error", "")
        return None

    def _in_process(self, verb: str) -> Outcome:
        """Play a resource or data template; its words go to the container's log."""
        from executor.runtimes import resources

        self.directory.mkdir(parents=True, exist_ok=True)
        self._running()
        with open(self.state.log, "ab") as log:
            code, message, outputs = resources.play(verb, self, log)
        self.template_outputs = outputs
        return Outcome(code, "Completed" if code == 0 else "Error", message)

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped or self.pod.stopping

    def _running(self) -> None:
        with self.pod.changed:
            self.state.container_id = f"argorun://{self.pod.uid}/{self.state.name}/{self.state.restarts}"
            self.state.run()
            self.state.ready = self.container.get("readinessProbe") is None
            self.pod.report()

    def _once(self) -> Outcome:
        """Start the container and wait for its end."""
        if self.stopped:
            return Outcome(137 if self._sent in (None, signal.SIGKILL) else 143, "Error", "")
        under_emissary = argoexec.user_command(self.container)[2]
        try:
            ended = self._start_and_wait(under_emissary)
        except ConfigError as error:
            return Outcome(
                EMISSARY_ERROR if under_emissary else 128, "CreateContainerConfigError", str(error)
            )
        except StartFailed as error:
            return Outcome(128, "StartError", str(error))
        return self._judged(ended, under_emissary)

    def _start_and_wait(self, under_emissary: bool) -> Exit:
        if under_emissary:
            self._pause("before")
        handle, pump = self._start()
        self.handle = handle
        if self.stopped and self._sent is not None:
            self.handle.signal(self._sent)
        self._running()
        if self.container.get("readinessProbe"):
            from executor.runtimes.probes import watch

            threading.Thread(target=watch, args=(self,), daemon=True).start()
        retry = self._retry_strategy() if under_emissary else None
        ended = handle.wait()
        assert ended is not None
        pump.join()
        if retry is not None and ended.code != 0 and not self.stopped:
            attempts, pause = retry
            for _ in range(attempts):
                time.sleep(pause)
                if self.stopped:
                    break
                ended = self._restart_command(under_emissary)
                if ended.code == 0:
                    break
        if under_emissary:
            self._pause("after")
        return ended

    def _pause(self, when: str) -> None:
        """Wait for a marker file where ARGO_DEBUG_PAUSE_BEFORE or _AFTER asks for it (upstream: docs/debug-pause.md)."""
        if self._environment().get(f"ARGO_DEBUG_PAUSE_{when.upper()}") != "true":
            return
        volume = self.pod.volumes.get("var-run-argo")
        if volume is None:
            return
        marker = volume[0] / "ctr" / self.state.name / when
        marker.parent.mkdir(parents=True, exist_ok=True)
        with open(self.state.log, "ab") as log:
            log.write(f"paused {when} the command: create {marker} to go on\n".encode())
        while not marker.exists() and not self.stopped:
            time.sleep(0.1)

    def _restart_command(self, under_emissary: bool) -> Exit:
        """Run the command again in the same root, as the emissary's retryStrategy does."""
        assert self.handle is not None
        self.handle.close()
        self.handle, pump = self._start()
        ended = self.handle.wait()
        assert ended is not None
        pump.join()
        return ended

    def _start(self) -> tuple[ContainerHandle, LogPump]:
        """Start the container with its output going into a pump."""
        wanted = self._wants_result(self._environment())
        pump = LogPump(
            self.state.log,
            limit=self.pod.runner.log_limit,
            mask=self.pod.runner.mask,
            result=self.stdout_copy if wanted else None,
            result_limit=argoexec.RESULT_LIMIT,
        )
        given = self._input()
        try:
            spec = self.specify(pump.stdout, pump.stderr, pump.join)
            if given is not None:
                tty = {"stdout": given.child, "stderr": given.child} if given.tty else {}
                spec = replace(spec, stdin=given.child, **tty)
            handle = self.pod.runner.runtime.start(spec)
        finally:
            if given is not None:
                given.started(pump.stdout)
            self.input = given
            pump.close_writers()
            pump.start()
        return handle, pump

    def _input(self) -> Input | None:
        """The standard input that the container asks for, if it does."""
        if self.input is not None:
            self.input.close()
        if self.container.get("stdin") is not True:
            return None
        return Input(tty=self.container.get("tty") is True, once=self.container.get("stdinOnce") is True)

    def _retry_strategy(self) -> tuple[int, float] | None:
        strategy = ((self.pod.template or {}).get("containerSet") or {}).get("retryStrategy")
        if not strategy:
            return None
        return int(strategy.get("retries") or 0), seconds_of(str(strategy.get("duration") or "0"))

    def _judged(self, ended: Exit, under_emissary: bool) -> Outcome:
        """The status of an exit: the emissary's own codes, and the termination message."""
        if ended.reason == "StartError":
            if under_emissary:
                return Outcome(EMISSARY_ERROR, "Error", f"failed to find name in PATH: {ended.message}")
            return Outcome(ended.code, ended.reason, ended.message)
        code = ended.code
        if under_emissary and self._sent is not None and code == 128 + self._sent:
            code = 137  # the emissary has no code of a process that a signal ended
        return Outcome(code, ended.reason, self._termination_message(code))

    def _termination_message(self, code: int) -> str:
        try:
            text = (
                (self.directory / "termination-log").read_bytes()[:MESSAGE_LIMIT].decode("utf-8", "replace")
            )
        except OSError:
            text = ""
        if not text and code and self.container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            try:
                tail = self.state.log.read_bytes()[-2048:].decode("utf-8", "replace")
                text = "\n".join(tail.splitlines()[-80:])
            except OSError:
                text = ""
        return text

    def _again(self, outcome: Outcome) -> bool:
        """Whether the restart policy of a plain pod asks for another run."""
        if self.stopped or self._stopped or self.pod.template is not None:
            return False
        policy = self.pod._spec.get("restartPolicy") or "Always"
        is_init = self.state.name not in {str(c.get("name")) for c in self.pod._spec.get("containers") or []}
        return (policy == "OnFailure" and outcome.code != 0) or (
            policy == "Always" and (outcome.code != 0 or not is_init)
        )

    def _back_off(self, outcome: Outcome) -> None:
        with self.pod.changed:
            self.state.end(*outcome)
            self.state.last_state = self.state.state
            self.state.restarts += 1
            pause = 0.0 if self.state.restarts == 1 else min(300.0, 10.0 * 2 ** (self.state.restarts - 2))
            self.state.wait_for(
                "CrashLoopBackOff",
                f"back-off {int(pause)}s restarting failed container={self.state.name} pod={self.pod.name}",
            )
            self.pod.report()
            until = time.monotonic() + pause
            while not self.stopped and time.monotonic() < until:
                self.pod.changed.wait(min(1.0, max(0.0, until - time.monotonic())))

    # --- the spec -------------------------------------------------------------------------------------

    def _profile(self) -> Any:
        return self.pod.profile(self.container) if self.pod.runner.runtime.needs_profile else None

    def _environment(self) -> dict[str, str]:
        """The variables of the container, the image's first. Raises ConfigError."""
        profile = self._profile()
        base: dict[str, str] = {"HOME": "/root", "HOSTNAME": self.pod.name}
        if profile is not None:
            base.update(profile.env)
        base.update(self.pod.runner.env)
        return environment(self.container, base, self.pod.sources)

    def specify(self, stdout: int, stderr: int, drain: Callable[[], None] | None = None) -> ContainerSpec:
        """What the runtime is to start, writing to these descriptors. Raises ConfigError."""
        from executor.runtimes.base import Mount

        container = self.container
        profile = self._profile()
        env = self._environment()
        root = self.directory / "root"
        root.mkdir(parents=True, exist_ok=True)
        message_path = container.get("terminationMessagePath") or TERMINATION_LOG
        message_file = self.directory / "termination-log"
        message_file.write_bytes(b"")
        mounts = (*container_mounts(container, self.pod.volumes, env), Mount(message_file, message_path))
        uid, gid = self._user()
        return ContainerSpec(
            name=self.state.name,
            image=self.state.image,
            argv=self._argv(profile, env),
            env={n: value for n, value in env.items() if n and "=" not in n and "\0" not in n + value},
            root=root,
            stdout=stdout,
            stderr=stderr,
            profile=profile,
            cwd=expand(container.get("workingDir") or "", env) or (profile.workdir if profile else "/"),
            mounts=mounts,
            limits=_limits(container),
            uid=uid,
            gid=gid,
            hostname=self.pod.name,
            network=self.pod.runner.network,
            outputs=self._output_paths(),
            log=self.state.log,
            drain=drain,
        )

    def _output_paths(self) -> tuple[str, ...]:
        if self.state.name != argoexec.MAIN or self.pod.template is None:
            return ()
        outputs = self.pod.template.get("outputs") or {}
        paths = [(p.get("valueFrom") or {}).get("path") for p in outputs.get("parameters") or []]
        paths += [a.get("path") for a in outputs.get("artifacts") or []]
        return tuple(str(path) for path in paths if path)

    def _wants_result(self, env: Mapping[str, str]) -> bool:
        return (
            self.state.name == argoexec.MAIN
            and env.get("ARGO_INCLUDE_SCRIPT_OUTPUT") == "true"
            and self.pod.template is not None
        )

    def _argv(self, profile: Any, env: Mapping[str, str]) -> tuple[str, ...]:
        command, args, _ = argoexec.user_command(self.container)
        has_args = self.container.get("args") is not None
        if not command and profile is not None:
            command = list(profile.entrypoint)
            if not has_args:
                args = list(profile.cmd)
        words = tuple(expand(word, env) for word in [*command, *args])
        if not words and profile is not None:
            raise ConfigError(
                f'container "{self.state.name}" has no command, and none is known for image "{self.state.image}"'
            )
        return words

    def _user(self) -> tuple[int, int]:
        contexts = [self.container.get("securityContext") or {}, self.pod._spec.get("securityContext") or {}]
        uid = next((int(c["runAsUser"]) for c in contexts if c.get("runAsUser") is not None), 0)
        gid = next((int(c["runAsGroup"]) for c in contexts if c.get("runAsGroup") is not None), 0)
        return uid, gid


def _limits(container: Object) -> Limits:
    limits = (container.get("resources") or {}).get("limits") or {}
    memory = limits.get("memory")
    cpu = limits.get("cpu")
    return Limits(
        memory=int(quantity(str(memory))) if memory is not None else None,
        cpu=quantity(str(cpu)) if cpu is not None else None,
    )


__all__ = ["ContainerRun", "Outcome", "seconds_of", "stamp"]
