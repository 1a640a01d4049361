"""Send an event through Sensors or WorkflowEventBindings, without a cluster: `argorun event SOURCE/EVENT --payload FILE`.

Every Sensor of the tree that depends on SOURCE/EVENT is gone through: filters with what they saw, transformation, conditions,
parameters, and the object that comes of it, which is linted. `argorun event binding/NAMESPACE/DISCRIMINATOR` does it for
WorkflowEventBindings. Exit codes: 0 something was triggered, 1 nothing was, 2 usage or an object that does not lint.

examples:
  argorun event github/push --payload push.json
  argorun event --samples
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argolint.errors import UserError

HELP = "send an event through Sensors or event bindings, and see what comes of it"
Object = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun event`."""
    parser.add_argument(
        "target", nargs="?", default="", metavar="SOURCE/EVENT", help="or binding/NAMESPACE/DISCRIMINATOR"
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="manifests or directories (default: the tree here)"
    )
    given = parser.add_mutually_exclusive_group()
    given.add_argument("-e", "--payload", metavar="FILE", help="the payload, JSON; - is standard input")
    given.add_argument("--sample", metavar="NAME", help="a payload that is shipped; see --samples")
    parser.add_argument(
        "--samples", action="store_true", help="list the shipped payloads, or print the one of --sample"
    )
    parser.add_argument(
        "--header", action="append", default=[], metavar="NAME=VALUE", help="a header of the request"
    )
    parser.add_argument(
        "--type", metavar="TYPE", help="the source's type (default: as its EventSource says, else webhook)"
    )
    parser.add_argument(
        "--raw", action="store_true", help="the payload is the event's whole data, do not wrap it"
    )
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="SOURCE/EVENT=FILE",
        help="another event that came before",
    )
    parser.add_argument("--time", metavar="TIME", help="when it happened, RFC 3339 (default: now)")
    parser.add_argument(
        "--script-answer",
        choices=("true", "false"),
        help="do not run Lua filters: take this for their answer",
    )
    parser.add_argument("-o", "--output", choices=("text", "yaml", "json"), default="text")
    parser.add_argument(
        "--run", action="store_true", help="run the workflows that come of it, as argorun run does"
    )


def run(args: argparse.Namespace) -> int:
    """Go through it. Raises UserError."""
    from executor.events.envelope import SAMPLES

    if args.samples:
        if args.sample:
            print(json.dumps(_sample(args.sample)[2], indent=2))
        else:
            print("\n".join(f"{name}  ({kind})" for name, (kind, _, _) in sorted(SAMPLES.items())))
        return 0
    first, slash, rest = args.target.partition("/")
    if not slash or not first or not rest:
        raise UserError(
            f"{args.target or 'nothing'}: not an event",
            "write SOURCE/EVENT, or binding/NAMESPACE/DISCRIMINATOR",
        )
    objects = list(_objects(args.files))
    if first == "binding":
        return _bindings(args, rest, objects)
    return _sensors(args, first, rest, objects)


def _objects(words: list[str]) -> Iterator[tuple[str, Object]]:
    """(path, object) of everything in the given files, or in the tree."""
    from executor.local.documents import manifest_files, objects_in, project_root, read_text

    paths = [Path(word) for word in words] or [project_root(Path.cwd() / "here")]
    for path in paths:
        if not path.exists():
            raise UserError(f"there is no file {path}", "give manifests or directories")
        for file in sorted(manifest_files(path)) if path.is_dir() else [path]:
            try:
                for obj in objects_in(str(file), read_text(file)):
                    yield str(file), obj
            except UserError:
                if not path.is_dir():
                    raise


def _sample(name: str) -> tuple[str, dict[str, str], Object]:
    from executor.events.envelope import SAMPLES

    if name not in SAMPLES:
        raise UserError(f"there is no sample {name!r}", f"there are: {', '.join(sorted(SAMPLES))}")
    return SAMPLES[name]


def _payload(path: str) -> Any:
    from executor.local.documents import read_text

    text = sys.stdin.read() if path == "-" else read_text(Path(path))
    try:
        return json.loads(text)
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}", "give the body of the request as JSON") from None


def _headers(args: argparse.Namespace) -> dict[str, str]:
    found = dict(_sample(args.sample)[1]) if args.sample else {}
    for word in args.header:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UserError(f"--header {word!r} is not NAME=VALUE", "write --header X-GitHub-Event=push")
        found[name] = value
    return found


def _given(args: argparse.Namespace) -> Any:
    if args.sample:
        return _sample(args.sample)[2]
    if not args.payload:
        raise UserError("there is no payload", "give --payload FILE, or --sample NAME")
    return _payload(args.payload)


def _moment(args: argparse.Namespace) -> datetime:
    if not args.time:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(args.time.replace("Z", "+00:00"))
    except ValueError:
        raise UserError(f"--time {args.time}: not an RFC 3339 time", "write 2026-03-29T00:59:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _kind_of(objects: list[tuple[str, Object]], source: str, name: str) -> str | None:
    """The type that the tree's EventSource gives an event."""
    for _, obj in objects:
        if obj.get("kind") == "EventSource" and (obj.get("metadata") or {}).get("name") == source:
            for kind, entries in (obj.get("spec") or {}).items():
                if isinstance(entries, Mapping) and name in entries and kind not in ("template", "service"):
                    return str(kind)
    return None


def _event(
    args: argparse.Namespace, objects: list[tuple[str, Object]], source: str, name: str, payload: Any
) -> Any:
    from executor.events.envelope import SHAPES, event_of

    kind = (
        args.type
        or _kind_of(objects, source, name)
        or (_sample(args.sample)[0] if args.sample else "webhook")
    )
    if kind not in SHAPES and not args.raw:
        raise UserError(
            f"events of the type {kind!r} are not known",
            f"give --raw with the whole data, or --type: {', '.join(sorted(SHAPES))}",
        )
    return event_of(kind, source, name, payload, _headers(args), _moment(args), wrapped=args.raw)


def _jq(program: str, data: Any) -> Any:
    """A jq transformation by the jq program. Raises ValueError."""
    try:
        done = subprocess.run(
            ["jq", "-c", program],
            input=json.dumps(data).encode(),
            capture_output=True,
            timeout=30,
            check=False,
            env={},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"jq: {error}") from None
    if done.returncode:
        raise ValueError((done.stderr.decode(errors="replace").strip().splitlines() or ["jq failed"])[0])
    return json.loads(done.stdout or b"null")


def _sensors(args: argparse.Namespace, source: str, name: str, objects: list[tuple[str, Object]]) -> int:
    from executor.events import sensor
    from executor.events.lua import run as run_lua

    events = [_event(args, objects, source, name, _given(args))]
    for word in args.others:
        reference, equals, path = word.partition("=")
        other, slash, event = reference.partition("/")
        if not equals or not slash:
            raise UserError(f"--with {word!r} is not SOURCE/EVENT=FILE", "name the event and its payload")
        plain = argparse.Namespace(**{**vars(args), "sample": None, "type": None})
        events.append(_event(plain, objects, other, event, _payload(path)))
    meant = [
        (path, obj)
        for path, obj in objects
        if obj.get("kind") == "Sensor" and sensor.listens(obj, source, name)
    ]
    if not meant:
        known = sorted(
            {
                f"{d.get('eventSourceName')}/{d.get('eventName')}"
                for _, obj in objects
                if obj.get("kind") == "Sensor"
                for d in (obj.get("spec") or {}).get("dependencies") or []
                if isinstance(d, dict)
            }
        )
        raise UserError(
            f"no Sensor depends on {source}/{name}", f"there are: {', '.join(known) or 'no Sensors'}"
        )
    answer = run_lua if args.script_answer is None else args.script_answer == "true"
    made: list[tuple[str, Object]] = []
    report: list[Any] = []
    for path, obj in meant:
        outcome = sensor.go_through(obj, events, _jq, answer)
        if args.output == "text":
            print("\n".join(_printable(line) for line in sensor.lines(outcome)))
        report.append(_plain(outcome))
        made += [(path, fired.obj) for fired in outcome.fired if fired.runs and isinstance(fired.obj, dict)]
        fine = all(not p.problem for fired in outcome.fired for p in fired.parameters)
        made = made if fine else []
    return _conclude(args, made, report, any(f["runs"] for r in report for f in r["fired"]))


def _bindings(args: argparse.Namespace, rest: str, objects: list[tuple[str, Object]]) -> int:
    from executor.events import binding

    namespace, _, discriminator = rest.partition("/")
    env = binding.environment(namespace, discriminator, _given(args), _headers(args))
    meant = [(path, obj) for path, obj in objects if obj.get("kind") == "WorkflowEventBinding"]
    if not meant:
        raise UserError("there is no WorkflowEventBinding", "give the files that have them")
    made, report = [], []
    for path, obj in meant:
        bound = binding.submit(obj, env)
        if args.output == "text":
            print("\n".join(_printable(line) for line in binding.lines(bound)))
        report.append(_plain(bound))
        if bound.workflow is not None:
            made.append((path, bound.workflow))
    return _conclude(args, made, report, bool(made))


def _plain(value: Any) -> Any:
    """Named tuples as mappings, for JSON."""
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _printable(text: str) -> str:
    from executor.local.tree import printable

    return printable(text)


def _conclude(args: argparse.Namespace, made: list[tuple[str, Object]], report: Any, triggered: bool) -> int:
    import yaml

    if args.output == "json":
        print(json.dumps(report, indent=2))
    elif args.output == "yaml":
        print("---\n".join(yaml.safe_dump(obj, sort_keys=False) for _, obj in made), end="")
    elif made:
        for _, obj in made:
            if obj.get("kind"):
                print("---")
                print(yaml.safe_dump(obj, sort_keys=False), end="")
    workflows = [
        (path, obj)
        for path, obj in made
        if obj.get("kind") in ("Workflow", "CronWorkflow", "WorkflowTemplate")
    ]
    bad = 0
    for path, obj in workflows:
        bad += _lint(path, obj)
    if bad:
        return 2
    if args.run:
        return _run([obj for _, obj in workflows if obj.get("kind") == "Workflow"])
    return 0 if triggered else 1


def _lint(path: str, obj: Object) -> int:
    """Lint an object that came of an event; the number of errors, which are printed."""
    import yaml

    from executor.local.lint import errors_in

    text = yaml.safe_dump(obj, sort_keys=False)
    return 1 if errors_in([(f"{path} (triggered)", text)], [], Path.cwd(), sys.stderr) else 0


def _run(workflows: list[Object]) -> int:
    """Run the workflows, references resolved in the tree."""
    from executor.local import session, settings
    from executor.local.documents import Manifest, Tree, project_root

    if not workflows:
        raise UserError(
            "there is no workflow to run", "only Workflows that a trigger submits or creates are run"
        )
    root = project_root(Path.cwd() / "here")
    chosen = [Manifest("<event>", obj) for obj in workflows]
    inputs = session.Input(chosen, [], Tree(root, [Path.cwd() / "here"]), root, True)
    options = session.Options([])
    return session.execute(options, settings.load(root), inputs, sys.stdout, sys.stderr)
