"""One `argorun run`: from what the user named to final Workflow objects and an exit code."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from argolint.errors import UserError
from executor import engine
from executor.artifacts.disk import DiskStore
from executor.engine.contract import Context
from executor.local import breakpoints, fidelity, given, hold, places, prepare, realcluster, secrets, show
from executor.local.console import AS_THEY_COME, Console, LogStyle, wants_live
from executor.local.context import context_for
from executor.local.documents import Manifest, Tree, objects_in, parse_reference, project_root, read_text
from executor.local.driver import Driver
from executor.local.driverparts import Final, Paths, phase_of
from executor.local.masking import Masker
from executor.local.nearest import RUN_DIRECTORY
from executor.local.objects import ObjectStore
from executor.local.rules import Router, from_words
from executor.local.rundir import FINAL, TERMINAL, RunDirectory, StateWriter, write_atomically
from executor.local.settings import LocalSettings
from executor.local.show import CANNOT_RUN, ERROR, FAILED, INTERRUPTED, INVALID, SUCCEEDED, SUSPENDED

if TYPE_CHECKING:
    from executor.engine.simulate import Answer

Object = dict[str, Any]

__all__ = ["INVALID", "Input", "Options", "carry_on", "execute", "read_input"]
_MENTIONS = re.compile(r"emplateRef|onfigMap|[sS]ecret|semaphore|artifactRepositoryRef")
POLL = 0.2  # seconds between two looks at what other processes ask for


class Options(NamedTuple):
    """What the command line asked for."""

    targets: Sequence[str]
    parameters: Mapping[str, str] = {}
    entrypoint: str | None = None
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    runtime: str | None = None
    output: str = "tree"
    log: bool = True
    log_style: LogStyle = AS_THEY_COME
    lint: bool = True
    jobs: int = 0
    quiet: bool = False
    secrets: secrets.Given = secrets.Given()
    artifacts: str = "local"
    strict: bool = False
    only: str = ""
    until: str = ""
    breaks: Sequence[str] = ()
    given: Mapping[str, Path] = {}
    output_dir: str = ""
    scheduled: str | None = None
    cluster: realcluster.Target | None = None
    platforms: Sequence[str] = ()
    keep: bool = False
    reuse: dict[str, Any] | None = None  # fingerprint of a pod -> what it came to; filled by the run


class Input(NamedTuple):
    """What to run, the files it came from, and the tree around them; `mentions` says whether the tree matters."""

    chosen: list[Manifest]
    files: list[tuple[str, str]]
    tree: Tree
    root: Path
    mentions: bool


def read_input(targets: Sequence[str], cwd: Path) -> Input:
    """Read files, `-` and KIND/NAME words. Raises UserError."""
    files: list[tuple[str, str]] = []
    named: list[tuple[str, str]] = []
    for word in targets:
        reference = parse_reference(word)
        if reference is not None:
            named.append(reference)
        elif word == "-":
            files.append(("<stdin>", sys.stdin.read()))
        elif Path(word).is_dir():
            raise UserError(f"{word} is a directory", "give the files to run, or KIND/NAME")
        else:
            files.append((word, read_text(Path(word))))
    paths = [Path(path) for path, _ in files if path != "<stdin>"]
    root = project_root(paths[0] if paths else cwd)
    tree = Tree(root, paths or [cwd / "here"])
    given = [Manifest(path, obj) for path, text in files for obj in objects_in(path, text)]
    tree.add(given)
    chosen = [_named(tree, kind, name) for kind, name in named]
    chosen += _runnable(given) if files else []
    for manifest in chosen:
        if all(manifest.path != path for path, _ in files):
            files.append((manifest.path, read_text(Path(manifest.path))))
    mentions = any(_MENTIONS.search(text) for _, text in files)
    mentions = mentions or any(str(m.object.get("kind")).endswith("WorkflowTemplate") for m in chosen)
    return Input(chosen, files, tree, root, mentions)


def _named(tree: Tree, kind: str, name: str) -> Manifest:
    from executor.local.documents import name_of

    found = [m for m in tree.objects((kind,)) if name_of(m.object) == name]
    if not found:
        known = sorted({name_of(m.object) for m in tree.objects((kind,))})
        raise UserError(
            f"there is no {kind} {name!r} below {tree.root}",
            f"there are: {', '.join(known)}" if known else "",
        )
    return found[0]


def _runnable(given: list[Manifest]) -> list[Manifest]:
    """The Workflows of the files; without one, the only template or CronWorkflow."""
    workflows = [m for m in given if m.object.get("kind") == "Workflow"]
    if workflows:
        return workflows
    others = [
        m
        for m in given
        if m.object.get("kind") in ("CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate")
    ]
    crons = [m for m in others if m.object.get("kind") == "CronWorkflow"]
    choice = crons if len(crons) == 1 else others
    if len(choice) == 1:
        return choice
    if not choice:
        kinds = sorted({str(m.object.get("kind") or "no kind") for m in given})
        raise UserError(
            f"{given[0].path if given else 'the file'} has nothing to run ({', '.join(kinds) or 'no objects'})",
            "give a Workflow, a WorkflowTemplate or a CronWorkflow",
        )
    names = [f"{m.object.get('kind')}/{(m.object.get('metadata') or {}).get('name')}" for m in choice]
    raise UserError("the files have several things to run", f"name one: {', '.join(names)}")


class _Recorder(Console):
    """A console that also keeps the run directory."""

    def attach(self, run: RunDirectory, store: ObjectStore, first: str) -> None:
        """Write into this run's directory from now on."""
        self.run, self.store, self.first = run, store, first
        self.pods: list[Object] = []
        self._given = store.keys()
        self._version = store.version
        self.writer = StateWriter(self._write_state)

    def _write_state(self, workflow: Mapping[str, Any]) -> None:
        version = self.store.version
        if version != self._version:
            self._version = version
            made = [
                o for o in self.store.made(self._given) if o.get("kind") not in ("Secret", "Workflow", "Pod")
            ]
            write_atomically(self.run.path / "objects.json", json.dumps(self.mask.seal(made)))
        first = workflow["metadata"]["name"] == self.first
        self.run.write_workflow(self.mask.seal(workflow), first=first)

    def state(self, workflow: Mapping[str, Any]) -> None:
        self.writer.put(workflow)
        super().state(workflow)

    def event(self, kind: str, reason: str, message: str) -> None:
        super().event(kind, reason, message)
        line = {"type": kind, "reason": reason, "message": self.mask(message)}
        try:
            with open(self.run.path / "events.jsonl", "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError:
            return  # a full disk: the state matters more, and it is written again at the end

    def pod(self, handle: Any, node_id: str) -> None:
        self.pods.append(handle.pod)
        super().pod(handle, node_id)

    def final(self, handle: Any, final: Final) -> None:
        """Keep what a pod came to, so that it never has to run again."""
        sealed = self.mask.seal({"pod": final.pod, "task_result": final.task_result})
        try:
            write_atomically(handle.directory / FINAL, json.dumps(sealed))
        except OSError:
            pass  # a full disk: the pod would run again after a crash, and nothing else


@contextmanager
def _interruptible(driver: Driver, err: IO[str]) -> Iterator[None]:
    """^C once stops the run, twice kills it."""

    def handle(_number: int, _frame: Any) -> None:
        driver.interrupt()
        text = "stopping; press ^C again to kill" if driver.interrupted == 1 else "killing"
        err.write(f"\nargorun: {text}\n")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def _listening(run: RunDirectory, driver: Driver, tell: Callable[[str], None]) -> Iterator[None]:
    """Do what other processes ask of this run: stop, terminate, suspend, resume, set."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(POLL):
            for request in run.asked():
                driver.change(operation(request), tell)

    thread = threading.Thread(target=work, name="requests", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)


def operation(request: Mapping[str, Any]) -> Callable[[Object], Object]:
    """The engine's operation that a request names. Applying it raises UserError."""
    verb, selector = request.get("verb"), str(request.get("selector") or "")
    message = str(request.get("message") or "")

    def apply(state: Object) -> Object:
        now = datetime.now(UTC)
        if verb == "stop":
            return engine.stop(state, now=now, selector=selector, message=message)
        if verb == "terminate":
            return engine.terminate(state)
        if verb == "suspend":
            return engine.suspend(state)
        if verb == "resume":
            return engine.resume(state, now=now, selector=selector)
        if verb == "set":
            parameters = {str(k): str(v) for k, v in (request.get("parameters") or {}).items()}
            phase = str(request.get("phase") or "")
            return engine.set_outputs(
                state, selector, now=now, parameters=parameters, phase=phase, message=message
            )
        raise UserError(f"{verb} is not something that a run can be asked for")

    return apply


def _others_mocked(
    options: Options, driver: list[Driver], workflows: Sequence[Object]
) -> Callable[[str, Object], Answer | None]:
    """Answers for the pods that `--only` leaves out."""
    from executor.engine.simulate import Answer, Ask, automatic_for, template_of

    generated = automatic_for(*workflows)

    def answer(node_id: str, pod: Object) -> Answer | None:
        for workflow in driver[0].workflows():
            node = ((workflow.get("status") or {}).get("nodes") or {}).get(node_id)
            if node is not None:
                if breakpoints.matches(options.only, node):
                    return None
                template = template_of(pod)
                ask = Ask(
                    node_id,
                    node["name"],
                    node["displayName"],
                    str(node.get("templateName")),
                    "container",
                    0,
                    template,
                )
                return generated(ask) or Answer()
        return None

    return answer


def execute(options: Options, settings: LocalSettings, inputs: Input, out: IO[str], err: IO[str]) -> int:
    """Run the Workflows of `inputs`, print as asked, and return the exit code. Raises UserError."""
    workflows = prepared(options, inputs)
    return carry_on(options, settings, inputs, workflows, None, out, err)


def prepared(options: Options, inputs: Input) -> list[Object]:
    """The Workflows that the chosen manifests mean, with their identity. Raises UserError."""
    if len(inputs.chosen) > 1 and options.name:
        raise UserError("--name with several workflows", "use --generate-name")
    scheduled = prepare.moment_of(options.scheduled, "--scheduled-time")
    return [
        prepare.with_identity(
            given.with_artifacts(
                prepare.with_options(w, options.parameters, options.entrypoint), options.given
            ),
            name=options.name,
            generate_name=options.generate_name,
            namespace=options.namespace,
        )
        for w in [prepare.workflow_of(m.object, m.path, scheduled) for m in inputs.chosen]
    ]


class World(NamedTuple):
    """What the workflows of a run see: the engine's context and the objects of their cluster."""

    context: Context
    store: ObjectStore
    images: Any


def world_for(options: Options, settings: LocalSettings, inputs: Input, workflows: Sequence[Object]) -> World:
    """Templates, ConfigMaps and Secrets; a missing Secret stops here. Raises UserError."""
    from executor.runtimes.images import image_map, with_stubs

    images = image_map(settings.images)
    if settings.stubs:
        images = with_stubs(images, settings.stubs)
    store = ObjectStore()
    real = options.artifacts == "real"
    context = context_for(inputs.tree if inputs.mentions else None, workflows, store, images, real=real)
    context = replace(context, plugins=frozenset(settings.plugins))
    needed: dict[str, list[secrets.Need]] = {}
    for workflow in workflows:
        space = workflow["metadata"]["namespace"]
        needed[space] = [*needed.get(space, []), *secrets.needs([workflow], context, stores=real)]
    secrets.provide(store, needed, options.secrets, [n for wanted in needed.values() for n in wanted])
    secrets.preflight(store, workflows, needed)
    return World(context, store, images)


def carry_on(
    options: Options,
    settings: LocalSettings,
    inputs: Input,
    workflows: list[Object],
    run: RunDirectory | None,
    out: IO[str],
    err: IO[str],
    change: Callable[[list[Object], RunDirectory, Masker], list[Object]] | None = None,
) -> int:
    """Run these Workflows in a new directory (`run` None) or go on in an old one. Returns the exit code. Raises UserError.

    `change` gets the workflows of an old run, secrets in place, and gives those to go on with.
    """
    from executor.runtimes.probe import choose

    world = world_for(options, settings, inputs, workflows)
    resources = realcluster.resources(options.cluster) if options.cluster else None
    choice = choose(options.runtime or settings.runtime)
    rules = (*from_words(options.platforms), *settings.rules)
    router = Router(rules) if rules else None
    if router is not None:
        router.check()
    if options.strict:
        fidelity.insist(workflows, world.context, world.images, choice.runtime)
    mask = Masker({**secrets.known_values(world.store), **secrets.among(settings.environment)})
    finals: dict[tuple[str, str], Final] = {}
    resumed = run is not None
    if run is None:
        base = Path.cwd() / RUN_DIRECTORY
        run = RunDirectory.make(base, workflows[0]["metadata"]["name"])
        try:
            run.lock()
            _write_info(run, options, inputs)
        except OSError as error:
            raise UserError(
                f"cannot write into the run directory {run.path}: {error.strerror}",
                "make room (argorun runs gc removes old runs), or run in another directory",
            ) from None
    else:
        base = run.path.parent.parent
        workflows = [mask.unseal(w) for w in workflows]
        workflows = change(workflows, run, mask) if change is not None else workflows
        finals = _recovered(run, mask)
        for obj in mask.unseal(run.objects()):
            world.store.put(obj)
    given.store(options.given, base / "artifacts")
    first = workflows[0]["metadata"]["name"]
    logs = options.log
    console = _Recorder(
        err=err,
        log=(out if options.output == "tree" else err) if logs else None,
        live=wants_live(err),
        quiet=options.quiet,
        mask=mask,
        style=options.log_style,
    )
    console.attach(run, world.store, first)
    _announce(console, choice, mask, options, err)
    driver_box: list[Driver] = []
    holder = hold.holder_of(options.breaks, options.until)
    terminal = options.breaks and sys.stdin.isatty() and err.isatty()
    asked = hold.asking(driver_box, run, mask, console, err) if terminal else None
    driver = Driver(
        choice.runtime,
        world.images,
        Paths(run.path, base),
        world.context,
        console,
        store=world.store,
        max_pods=options.jobs or settings.jobs or 64,
        network=settings.network,
        artifacts=_artifact_store(options, base, settings),
        mask=mask if mask else None,
        finals=finals,
        on_final=console.final,
        intercept=_others_mocked(options, driver_box, workflows) if options.only else None,
        reuse=options.reuse,
        holder=holder,
        on_hold=asked,
        plugins=settings.plugins,
        router=router,
        resources=resources,
        env=settings.environment,
        keep=options.keep,
    )
    driver_box.append(driver)
    for workflow in workflows:
        run.write_workflow(mask.seal(workflow), first=workflow["metadata"]["name"] == first)
        driver.add(workflow)
        console.seed(workflow)
        if resumed:
            driver.recover(workflow["metadata"]["namespace"], workflow["metadata"]["name"])
    began = time.monotonic()
    with _interruptible(driver, err), _listening(run, driver, lambda text: _write(err, f"argorun: {text}\n")):
        driver.run()
    console.finish()
    console.writer.close()
    final = [driver.workflow(w["metadata"]["namespace"], w["metadata"]["name"]) for w in workflows]
    code = _exit_code(options, driver, final)
    statement = show.fidelity_line(final, console, choice, world.images, len(driver.mocked))
    sealed = [mask.seal(workflow) for workflow in final]

    def write_end() -> None:
        for workflow in sealed:
            run.write_workflow(workflow, first=workflow["metadata"]["name"] == first)
        seconds = round(time.monotonic() - began, 3)
        run.add_info(
            {"exitCode": code, "seconds": seconds, "fidelity": statement, "endedAt": prepare.timestamp()}
        )

    _with_room(run, write_end, lambda text: _write(err, f"argorun: {text}\n"))
    show.show(options.output, final, console, out)
    if options.output_dir:
        given.copy_outputs(run, Path(options.output_dir))
    if not options.quiet:
        if driver.reused:
            err.write(f"{len(driver.reused)} steps are as before and were not run again\n")
        held = None if _all_ended(final) else driver.held
        if held:
            what = "stopped" if not options.breaks else "paused"
            after = held.when.replace("on-failure", "after the failure of")
            err.write(f"{what} {after} {held.name}; `argorun resume {first}` goes on\n")
        where = partial(places.template_place, inputs=inputs)
        show.epilogue(final, console, run.path, code, held is not None, where, err)
        err.write(f"{statement}\nrun directory: {run.path}\n")
    run.unlock()
    return code


def _with_room(run: RunDirectory, write: Callable[[], None], tell: Callable[[str], None]) -> None:
    """Write; when the disk is full, once more without what failed steps left behind."""
    from executor.runtimes.sandbox import remove_tree

    try:
        write()
        return
    except OSError as error:
        tell(f"cannot write into {run.path}: {error.strerror}; the files of failed steps are removed")
    for folder in run.pods.glob("*/containers"):
        remove_tree(folder)
    try:
        write()
    except OSError as error:
        tell(f"the run's last state is not saved: {error.strerror}")


def _write(stream: IO[str], text: str) -> None:
    stream.write(text)
    stream.flush()


def _announce(console: Console, choice: Any, mask: Masker, options: Options, err: IO[str]) -> None:
    if not options.quiet:
        err.write(f"runtime: {choice.why}\n")
    if mask.too_short and not options.quiet:
        err.write(f"warning: too short to be masked: {', '.join(mask.too_short)}\n")


def _exit_code(options: Options, driver: Driver, final: Sequence[Object]) -> int:
    if driver.interrupted:
        return INTERRUPTED
    if driver.held and not _all_ended(final):
        return SUSPENDED if options.breaks else SUCCEEDED
    code = max((show.exit_code(w) for w in final), key=show.severity)
    return CANNOT_RUN if code in (FAILED, ERROR) and show.cannot_run(final) else code


def _all_ended(final: Sequence[Object]) -> bool:
    return all(phase_of(workflow) in TERMINAL for workflow in final)


def _artifact_store(options: Options, base: Path, settings: LocalSettings) -> Any:
    store: Any
    if options.artifacts == "real":
        from executor.artifacts.remote import RemoteStore

        store = RemoteStore(base / "artifacts")
    else:
        store = DiskStore(base / "artifacts")
    store.sources = settings.sources
    return store


def _write_info(run: RunDirectory, options: Options, inputs: Input) -> None:
    """run.json: what is needed to go on later (no values of secrets)."""
    cwd = Path.cwd()
    targets = [w if parse_reference(w) or w == "-" else str((cwd / w).resolve()) for w in options.targets]
    given = [
        {"path": path, "object": obj}
        for path, text in inputs.files
        if path == "<stdin>"
        for obj in objects_in(path, text)
        if obj.get("kind") != "Secret"
    ]
    run.add_info({
        "targets": targets, "cwd": str(cwd), "stdin": given, "runtime": options.runtime, "jobs": options.jobs,
        "artifacts": options.artifacts, "secretFiles": [str((cwd / f).resolve()) for f in options.secrets.files],
        "dummySecrets": options.secrets.dummy, "startedAt": prepare.timestamp(),
        "cluster": options.cluster._asdict() if options.cluster else None, "platforms": list(options.platforms),
    })  # fmt: skip


def _recovered(run: RunDirectory, mask: Masker) -> dict[tuple[str, str], Final]:
    found = {}
    for entry in run.finals():
        sealed = mask.unseal(entry)
        meta = sealed["pod"]["metadata"]
        found[meta.get("namespace") or "default", meta["name"]] = Final(
            sealed["pod"], sealed.get("task_result")
        )
    return found
