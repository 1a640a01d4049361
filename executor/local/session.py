"""One `argorun run`: from what the user named to final Workflow objects and an exit code."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from argolint.errors import UserError
from executor.engine.contract import Context
from executor.local import fidelity, prepare
from executor.local.console import Console, Masker, wants_live
from executor.local.documents import (
    REFERABLE,
    Manifest,
    Tree,
    objects_in,
    parse_reference,
    project_root,
    read_text,
)
from executor.local.driver import TERMINAL, Driver, Paths
from executor.local.objects import ObjectStore
from executor.local.settings import LocalSettings

Object = dict[str, Any]

SUCCEEDED, FAILED, INVALID, ERROR, CANNOT_RUN, SUSPENDED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
RUN_DIRECTORY = ".argolint"
_MENTIONS = re.compile(r"emplateRef|onfigMap|[sS]ecret|semaphore|artifactRepositoryRef")
_REPOSITORY = "s3: {bucket: local, endpoint: local}\n"


class Options(NamedTuple):
    """What the command line asked for."""

    targets: Sequence[str]
    parameters: Mapping[str, str]
    entrypoint: str | None = None
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    runtime: str | None = None
    output: str = "tree"
    log: bool = False
    lint: bool = True
    jobs: int = 0
    quiet: bool = False


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


def context_for(inputs: Input, workflows: Sequence[Object], store: ObjectStore, images: Any) -> Context:
    """What the engine may look up: templates of the tree; ConfigMaps and Secrets go into the store."""
    spaces = {w["metadata"]["namespace"] for w in workflows}
    templates: dict[tuple[str, str], Object] = {}
    cluster: dict[str, Object] = {}
    manifests = inputs.tree.objects(REFERABLE) if inputs.mentions else []
    for manifest in manifests:
        obj = manifest.object
        meta = obj.get("metadata")
        if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
            continue
        kind, name = obj["kind"], meta["name"]
        if kind == "ClusterWorkflowTemplate":
            cluster.setdefault(name, obj)
            continue
        for space in [meta["namespace"]] if meta.get("namespace") else sorted(spaces):
            placed = {**obj, "metadata": {**meta, "namespace": space}}
            if kind == "WorkflowTemplate":
                templates.setdefault((space, name), placed)
            elif store.get("v1", kind, space, name) is None:
                store.put(placed)
    _repositories([*workflows, *templates.values(), *cluster.values()], spaces, store)
    names = {
        str(c.get("image"))
        for t in _templates(workflows, templates, cluster)
        for c in _containers(t)
        if c.get("image")
    }
    return Context(
        workflow_templates=templates,
        cluster_workflow_templates=cluster,
        artifact_repository={"s3": {"bucket": "local", "endpoint": "local"}},
        image_commands=images.commands(sorted(names)),
    )


def _repositories(objects: Sequence[Object], spaces: set[str], store: ObjectStore) -> None:
    """Stand in for artifact repositories that only the cluster has: every store is a directory here anyway."""
    for obj in objects:
        reference = (obj.get("spec") or {}).get("artifactRepositoryRef")
        if not isinstance(reference, dict):
            continue
        name, key = (
            str(reference.get("configMap") or "artifact-repositories"),
            str(reference.get("key") or "local"),
        )
        for space in sorted(spaces):
            if store.get("v1", "ConfigMap", space, name) is None:
                annotations = {"workflows.argoproj.io/default-artifact-repository": key}
                meta = {"name": name, "namespace": space, "annotations": annotations}
                store.put(
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {key: _REPOSITORY}}
                )


def _templates(
    workflows: Sequence[Object], templates: Mapping[Any, Object], cluster: Mapping[str, Object]
) -> Iterator[Object]:
    for obj in [*workflows, *templates.values(), *cluster.values()]:
        spec = obj.get("spec") or {}
        for template in [*(spec.get("templates") or []), spec.get("templateDefaults") or {}]:
            if isinstance(template, dict):
                yield template


def _containers(template: Object) -> Iterator[Object]:
    """Every mapping with an image inside a template, inline templates included."""
    todo: list[Any] = [template]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("image"), str):
                yield item
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


class _Recorder(Console):
    """A console that also writes events and the state into the run directory."""

    directory: Path
    pods: list[Object]

    def event(self, kind: str, reason: str, message: str) -> None:
        super().event(kind, reason, message)
        with open(self.directory / "events.jsonl", "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"type": kind, "reason": reason, "message": message}) + "\n")

    def pod(self, handle: Any, node_id: str) -> None:
        self.pods.append(handle.pod)
        super().pod(handle, node_id)


@contextmanager
def _interruptible(driver: Driver, err: IO[str]) -> Iterator[None]:
    """^C once stops the run, twice kills it."""

    def handle(_number: int, _frame: Any) -> None:
        driver.interrupt()
        text = "stopping; press ^C again to kill" if driver.interrupted == 1 else "killing"
        err.write(f"\nargorun: {text}\n")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def execute(options: Options, settings: LocalSettings, inputs: Input, out: IO[str], err: IO[str]) -> int:
    """Run the Workflows of `inputs`, print as asked, and return the exit code. Raises UserError."""
    from executor.runtimes.images import image_map
    from executor.runtimes.probe import choose

    images = image_map(settings.images)
    choice = choose(options.runtime or settings.runtime)
    several = len(inputs.chosen) > 1
    if several and options.name:
        raise UserError("--name with several workflows", "use --generate-name")
    workflows = [
        prepare.with_identity(
            prepare.with_options(w, options.parameters, options.entrypoint),
            name=options.name,
            generate_name=options.generate_name,
            namespace=options.namespace,
        )
        for w in [prepare.workflow_of(m.object, m.path) for m in inputs.chosen]
    ]
    store = ObjectStore()
    context = context_for(inputs, workflows, store, images)
    base = Path.cwd() / RUN_DIRECTORY
    run_directory = _make_directory(base, workflows[0]["metadata"]["name"])
    console = _Recorder(
        err=err,
        log=(out if options.output == "tree" else err) if options.log else None,
        live=wants_live(err) and not options.log,
        quiet=options.quiet,
        mask=Masker(_secret_values(store)),
    )
    console.directory, console.pods = run_directory, []
    if not options.quiet:
        err.write(f"runtime: {choice.why}\n")
    driver = Driver(
        choice.runtime,
        images,
        Paths(run_directory, base),
        context,
        console,
        store=store,
        max_pods=options.jobs or settings.jobs or 64,
        network=settings.network,
    )
    for workflow in workflows:
        driver.add(workflow)
    with _interruptible(driver, err):
        driver.run()
    console.finish()
    final = [driver.workflow(w["metadata"]["namespace"], w["metadata"]["name"]) for w in workflows]
    for workflow in final:
        name = "workflow.json" if workflow is final[0] else f"workflow-{workflow['metadata']['name']}.json"
        (run_directory / name).write_text(json.dumps(workflow, indent=2), encoding="utf-8")
    _show(options, final, console, out)
    cannot = _cannot_run(final)
    code = INTERRUPTED if driver.interrupted else max((exit_code(w) for w in final), key=_severity)
    if cannot and code in (FAILED, ERROR):
        code = CANNOT_RUN
    if not options.quiet:
        _epilogue(final, console, choice, images, run_directory, code, err)
    return code


def _make_directory(base: Path, name: str) -> Path:
    """A fresh `runs/<name>`; an older run of the same name is replaced."""
    from executor.runtimes.sandbox import remove_tree

    directory = base / "runs" / name
    try:
        if directory.exists():
            remove_tree(directory)
        directory.mkdir(parents=True)
        ignore = base / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot make the run directory {directory}: {error.strerror}",
            "run in a directory that you may write to",
        ) from None
    return directory


def _secret_values(store: ObjectStore) -> list[str]:
    from executor.runtimes.podenv import ConfigError, decode_secret

    values: list[str] = []
    for secret in store.list("Secret"):
        try:
            values += [value.decode("utf-8", "replace") for value in decode_secret(secret).values()]
        except ConfigError:
            continue
    return values


def exit_code(workflow: Mapping[str, Any]) -> int:
    """The exit code that a Workflow's final state means."""
    phase = str((workflow.get("status") or {}).get("phase") or "")
    if phase in TERMINAL:
        return {"Succeeded": SUCCEEDED, "Failed": FAILED}.get(phase, ERROR)
    return SUSPENDED if suspended(workflow) else ERROR


def suspended(workflow: Mapping[str, Any]) -> bool:
    """Whether a Workflow waits for a person."""
    if (workflow.get("spec") or {}).get("suspend"):
        return True
    nodes = ((workflow.get("status") or {}).get("nodes") or {}).values()
    return any(n.get("type") == "Suspend" and n.get("phase") in ("Running", "Pending") for n in nodes)


def _severity(code: int) -> int:
    return (
        (SUCCEEDED, SUSPENDED, FAILED, ERROR).index(code)
        if code in (SUCCEEDED, SUSPENDED, FAILED, ERROR)
        else 9
    )


def _cannot_run(final: Sequence[Object]) -> bool:
    nodes = [n for w in final for n in ((w.get("status") or {}).get("nodes") or {}).values()]
    return any("ErrImagePull" in str(n.get("message") or "") for n in nodes)


def _show(options: Options, final: Sequence[Object], console: Console, out: IO[str]) -> None:
    from executor.local import tree

    for workflow in final:
        if options.output == "json":
            out.write(json.dumps(workflow, indent=2) + "\n")
        elif options.output == "name":
            out.write(f"workflow/{workflow['metadata']['name']}\n")
        else:
            status = workflow.get("status") or {}
            message = f"  {tree.one_line(str(status.get('message')))}" if status.get("message") else ""
            out.write(
                f"{workflow['metadata']['name']}  {status.get('phase') or 'Pending'}{console._mask(message)}\n"
            )
            for line in tree.lines(workflow, colour=out.isatty()):
                out.write(console._mask(line) + "\n")
    out.flush()


def _epilogue(
    final: Sequence[Object],
    console: _Recorder,
    choice: Any,
    images: Any,
    directory: Path,
    code: int,
    err: IO[str],
) -> None:
    """Why it failed, what was only approximated, and where everything is."""
    for workflow in final:
        if code != INTERRUPTED and str((workflow.get("status") or {}).get("phase") or "") not in TERMINAL:
            why = (
                "suspended: a person must resume it"
                if suspended(workflow)
                else "stopped: nothing is left that could let it go on"
            )
            err.write(f"{workflow['metadata']['name']} is {why}\n")
    for warning in console.warnings[:10] if code else []:
        err.write(f"warning: {console._mask(warning)}\n")
    if code in (FAILED, ERROR):
        _failed_logs(final, console, directory, err)
    spec = {
        k: v
        for w in final
        for k, v in ((w.get("status") or {}).get("storedWorkflowTemplateSpec") or w.get("spec") or {}).items()
    }
    used = fidelity.images_used(console.pods)
    needs = choice.runtime.needs_profile
    unmapped = [
        f"image {image} has no rule" for image in sorted(used) if needs and images.lookup(image) is None
    ]
    err.write(
        fidelity.line(spec, used, images, runtime=choice.runtime.name, needs_profile=needs, partial=unmapped)
        + "\n"
    )
    err.write(f"run directory: {directory}\n")


def _failed_logs(final: Sequence[Object], console: _Recorder, directory: Path, err: IO[str]) -> None:
    """The last lines of the first failed pods."""
    from executor.local import tree

    by_node = {
        (p["metadata"].get("annotations") or {}).get("workflows.argoproj.io/node-id"): p for p in console.pods
    }
    shown = 0
    for workflow in final:
        for identity, node in ((workflow.get("status") or {}).get("nodes") or {}).items():
            pod = by_node.get(identity)
            if (
                node.get("type") != "Pod"
                or node.get("phase") not in ("Failed", "Error")
                or pod is None
                or shown == 3
            ):
                continue
            shown += 1
            path = (
                directory
                / "pods"
                / f"{pod['metadata']['namespace']}_{pod['metadata']['name']}"
                / "logs"
                / "main.log"
            )
            text = path.read_bytes()[-4096:].decode("utf-8", "replace") if path.is_file() else ""
            err.write(
                f"--- {node.get('name')}: {tree.one_line(str(node.get('message') or node.get('phase')))}\n"
            )
            err.writelines(f"    {console._mask(tree.printable(line))}\n" for line in text.splitlines()[-20:])


def free_space(path: Path) -> int:
    """Bytes left on the file system of `path`."""
    return shutil.disk_usage(path).free
