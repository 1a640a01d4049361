"""Look at and act on the runs of this machine: `argorun runs ACTION NAME …`.

`argorun get NAME`, `logs`, `resume`, `stop` and so on without `runs` mean a local run too, when there is one of that name below
`.argolint/runs` and no flag names a cluster.

examples:
  argorun runs ls
  argorun runs logs @latest build --since 5m
  argorun runs retry @latest
  argorun runs gc --keep 5
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from executor.commands import run as run_command
from executor.commands.arguments import add_log_flags, intermixed, pattern, seconds

HELP = "list, show, resume, stop, retry and clean up the runs of this machine"
Action = Callable[[argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One parser an action."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(
        name: str, help: str, run: Action, *, many: bool = False, one: bool = True
    ) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=help, description=help)
        sub.set_defaults(act=run)
        if many:
            sub.add_argument("names", nargs="+", metavar="NAME", help="names of runs; @latest is the newest")
        elif one:
            sub.add_argument("name", metavar="NAME", help="the run; @latest is the newest")
        return sub

    ls = action("ls", "list the runs", _ls, one=False)
    ls.add_argument("-o", "--output", choices=("table", "json", "name"), default="table")
    gc = action("gc", "delete old runs", _gc, one=False)
    gc.add_argument("--keep", type=int, default=20, metavar="N", help="keep the N newest (default: 20)")
    gc.add_argument("--max-size", default="", metavar="SIZE", help="and no more than this: 500Mi, 2Gi")
    gc.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    get = action("get", "show runs as trees", _get, many=True)
    get.add_argument("-o", "--output", choices=("tree", "json", "yaml", "name"), default="tree")
    action("tree", "show runs as trees", _get, many=True).set_defaults(output="tree")
    logs = action("logs", "print the logs of a run", _logs)
    intermixed(logs)
    logs.add_argument(
        "node", nargs="?", default="", metavar="NODE", help="only this node (a glob of its name or template)"
    )
    logs.add_argument("-c", "--container", default="", metavar="NAME", help="only this container")
    logs.add_argument("--group", action="store_true", help="a block for each container, without prefixes")
    add_log_flags(logs, "run", "node", "time, node, pod, container, line")
    explain = action("explain", "why a node waits, was skipped, retried or failed", _explain)
    explain.add_argument("node", metavar="NODE", help="its name, display name or id")
    explain.add_argument(
        "--command",
        action="store_true",
        help="also what was run, with every tag replaced, and how to run it again",
    )
    report = action("report", "write a run as one HTML file: timeline, nodes, logs", _report)
    report.add_argument(
        "-o", "--output", metavar="FILE", help="default: report.html in the run's directory; - is stdout"
    )
    shell = action("shell", "a shell where a node ran: same files, variables and mounts", _shell)
    shell.add_argument("node", metavar="NODE", help="its name, display name or id")
    shell.add_argument("command", nargs="*", help="a command in place of the shell")
    _artifacts(actions)
    for name, text in (
        ("stop", "end a run; exit handlers run"),
        ("terminate", "end a run at once"),
        ("suspend", "start nothing new in a run"),
    ):
        sub = action(name, text, _end, many=True)
        if name == "stop":
            sub.add_argument(
                "--node-field-selector",
                default="",
                metavar="SELECTOR",
                help="fail these suspended nodes instead",
            )
            sub.add_argument("--message", default="", help="message of the nodes that are failed")
        run_command.add_common(sub)
    resume = action("resume", "go on with a run that was suspended, held or killed", _resume)
    resume.add_argument(
        "--node-field-selector", default="", metavar="SELECTOR", help="only these suspended nodes"
    )
    run_command.add_break(resume)
    run_command.add_common(resume)
    retry = action("retry", "run what failed again; the rest keeps its outputs", _retry)
    retry.add_argument(
        "--from", dest="start_from", default="", metavar="NODE", help="from this node on, whatever its phase"
    )
    retry.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    retry.add_argument("--restart-successful", action="store_true", help="also nodes that succeeded")
    retry.add_argument("--node-field-selector", default="", metavar="SELECTOR", help="which of those")
    run_command.add_break(retry)
    run_command.add_common(retry)
    resubmit = action("resubmit", "run again from the start, as a new run", _resubmit)
    resubmit.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    resubmit.add_argument("--new-name", metavar="NAME", help="the new run's name")
    resubmit.add_argument(
        "--memoized", action="store_true", help="keep the outputs of the steps that succeeded"
    )
    run_command.add_common(resubmit)
    change = action("set", "set outputs, phase or message of suspended nodes", _set)
    change.add_argument("--node-field-selector", required=True, metavar="SELECTOR", help="which nodes")
    change.add_argument("-p", "--output-parameter", action="append", default=[], metavar="NAME=VALUE")
    change.add_argument("--phase", default="", help="Succeeded, Failed or Error")
    change.add_argument("-m", "--message", default="", help="message of the nodes")
    action("delete", "delete runs", _delete, many=True)


def _artifacts(actions: Any) -> None:
    sub = actions.add_parser(
        "artifacts", help="list or copy the artifacts of a run", description="list or copy artifacts"
    )
    verbs = sub.add_subparsers(dest="verb", metavar="ls|cp", required=True)
    ls = verbs.add_parser("ls", help="list them")
    ls.add_argument("name", metavar="NAME")
    ls.add_argument("node", nargs="?", default="")
    ls.set_defaults(act=_artifacts_ls)
    cp = verbs.add_parser("cp", help="copy them to a directory, unpacked")
    cp.add_argument("name", metavar="NAME")
    cp.add_argument("target", metavar="DIRECTORY")
    cp.add_argument("--node", default="", help="only of this node")
    cp.add_argument("--artifact", default="", help="only this artifact")
    cp.set_defaults(act=_artifacts_cp)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises UserError."""
    code: int = args.act(args)
    return code


def _find(name: str) -> Any:
    from executor.local.rundir import RunDirectory

    return RunDirectory.find(name)


def phase_of(run: Any) -> str:
    """The phase that a list shows: Running only while a process has it."""
    from executor.local.show import suspended

    try:
        workflow = run.workflows()[0]
    except UserError:
        return "Unknown"
    phase = str((workflow.get("status") or {}).get("phase") or "Pending")
    if phase in ("Running", "Pending"):
        if run.is_running():
            return "Running"
        return "Suspended" if suspended(workflow) and "exitCode" in run.info() else "Interrupted"
    return phase


def _ls(args: argparse.Namespace) -> int:
    from executor.commands.list import print_table
    from executor.local.rundir import runs, runs_directory, size_of

    rows = []
    for entry in runs(runs_directory()):
        info = entry.info()
        rows.append(
            {
                "name": entry.name,
                "phase": phase_of(entry),
                "startedAt": info.get("startedAt", ""),
                "seconds": info.get("seconds"),
                "bytes": size_of(entry.path),
            }
        )
    if args.output == "json":
        print(json.dumps(rows, indent=2))
    elif args.output == "name":
        print("\n".join(str(row["name"]) for row in rows))
    elif rows:
        print_table(
            [
                ["NAME", "PHASE", "STARTED", "SECONDS", "KIB"],
                *(
                    [
                        str(r["name"]),
                        str(r["phase"]),
                        str(r["startedAt"]),
                        str(r["seconds"] if r["seconds"] is not None else ""),
                        str(-(-int(r["bytes"]) // 1024)),
                    ]
                    for r in rows
                ),
            ]
        )
    else:
        print("no runs")
    return 0


def _gc(args: argparse.Namespace) -> int:
    from executor.local.cleanup import forget
    from executor.local.rundir import runs, runs_directory, size_of
    from executor.runtimes.podenv import ConfigError, quantity

    if args.keep < 0:
        raise UserError("--keep must not be negative")
    try:
        limit = quantity(args.max_size) if args.max_size else None
    except ConfigError:
        raise UserError(f"--max-size {args.max_size}: not a size", "write 500Mi or 2Gi") from None
    kept, gone, used = [], [], 0
    for entry in runs(runs_directory()):
        size = size_of(entry.path)
        if entry.is_running() or (len(kept) < args.keep and (limit is None or used + size <= limit)):
            kept, used = [*kept, entry], used + size
        else:
            gone.append(entry)
    for entry in gone:
        if not args.dry_run:
            forget(entry, kept)
        print(f"{'would delete' if args.dry_run else 'deleted'} {entry.name}")
    return 0


def _get(args: argparse.Namespace) -> int:
    from executor.local import tree
    from executor.local.show import as_yaml

    for name in args.names:
        entry = _find(name)
        for workflow in entry.workflows():
            if args.output == "json":
                print(json.dumps(_starred(workflow), indent=2))
            elif args.output == "yaml":
                print(f"---\n{as_yaml(_starred(workflow))}", end="")
            elif args.output == "name":
                print(f"workflow/{workflow['metadata']['name']}")
            else:
                status = workflow.get("status") or {}
                message = f"  {tree.one_line(str(status['message']))}" if status.get("message") else ""
                print(_stars(f"{workflow['metadata']['name']}  {phase_of(entry)}{message}"))
                for line in tree.lines(workflow, colour=sys.stdout.isatty(), pending=True):
                    print(_stars(line))
                if entry.info().get("fidelity"):
                    print(entry.info()["fidelity"])
    return 0


def _stars(text: str) -> str:
    import re

    return re.sub(r"\*\*\*[^*\s]+#\d+\*\*\*", "***", text)


def _starred(value: Any) -> Any:
    return json.loads(_stars(json.dumps(value)))


def _logs(args: argparse.Namespace) -> int:
    from executor.local import prepare, runlogs

    if args.tail is not None and args.tail < 0:
        raise UserError("--tail must not be negative")
    since = 0
    if args.since:
        since = time.time_ns() - seconds(args.since) * 1_000_000_000
    if args.since_time:
        moment = prepare.moment_of(args.since_time, "--since-time")
        since = max(since, int(moment.timestamp() * 1_000_000) * 1000)
    entry = _find(args.name)
    wanted = runlogs.Wanted(args.node, args.container, args.tail, since, pattern(args.grep), args.follow)
    colour = not args.no_color and runlogs.wants_colour(sys.stdout)
    style = runlogs.Style(args.json, args.prefix, args.timestamps, args.group, colour)
    if not runlogs.print_logs(entry, wanted, style, sys.stdout):
        raise UserError(
            f"{entry.name} has no logs" + (f" of {args.node}" if args.node else ""),
            "its pods may not have started",
            exit_code=1,
        )
    return 0


def _explain(args: argparse.Namespace) -> int:
    from executor.local.again import find_node
    from executor.local.inspect import explain, rendered

    entry = _find(args.name)
    workflow = entry.workflows()[0]
    identity, _ = find_node(workflow, args.node)
    for line in explain(workflow, identity, entry):
        print(_stars(line))
    for line in rendered(workflow, identity, entry) if args.command else ():
        print(_stars(line))
    return 0


def _report(args: argparse.Namespace) -> int:
    from executor.local.inspect import write_report

    entry = _find(args.name)
    text = _stars(write_report(entry))
    if args.output == "-":
        sys.stdout.write(text)
        return 0
    target = Path(args.output) if args.output else entry.path / "report.html"
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}", "give another -o FILE") from None
    print(target)
    return 0


def _shell(args: argparse.Namespace) -> int:
    from executor.local.shell import enter

    return enter(_find(args.name), args.node, args.command)


def _artifacts_ls(args: argparse.Namespace) -> int:
    from executor.commands.list import print_table
    from executor.local.inspect import artifacts

    rows = [
        [a.node, a.name, a.direction, a.key, str(a.path or "not stored here")]
        for a in artifacts(_find(args.name), args.node)
    ]
    if rows:
        print_table([["NODE", "ARTIFACT", "", "KEY", "FILE"], *rows])
    else:
        print("no artifacts")
    return 0


def _artifacts_cp(args: argparse.Namespace) -> int:
    from executor.local.inspect import artifacts, copy_artifact

    found = [
        a
        for a in artifacts(_find(args.name), args.node)
        if a.direction == "out" and (not args.artifact or a.name == args.artifact)
    ]
    if not found:
        raise UserError("there is no such artifact", f"see `argorun artifacts ls {args.name}`", exit_code=1)
    base = Path(args.target)
    for artifact in found:
        if artifact.path is None:
            raise UserError(
                f"{artifact.node}/{artifact.name} is not stored on this machine: {artifact.key}", exit_code=1
            )
        print(copy_artifact(artifact, base))
    return 0


# --- what changes a run -----------------------------------------------------------------------------------


def _options(args: argparse.Namespace, entry: Any) -> Any:
    from executor.local.again import options_of

    return options_of(
        entry, run_command.secrets_given(args), runtime=args.runtime, output=args.output, log=run_command.wants_logs(args), log_style=run_command.log_style(args), keep=args.keep,
        quiet=args.quiet, jobs=args.jobs, artifacts=args.artifacts, breaks=getattr(args, "breaks", []),
    )  # fmt: skip


DONE = {"stop": "stopped", "terminate": "terminated", "suspend": "suspended"}


def _request(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "verb": args.action,
        "selector": getattr(args, "node_field_selector", ""),
        "message": getattr(args, "message", ""),
    }


def _end(args: argparse.Namespace) -> int:
    """Ask the process that runs it, or change what it left."""
    from executor.local import again, session

    code = 0
    for name in args.names:
        entry = _find(name)
        if entry.is_running():
            session.operation(_request(args))(entry.workflows()[0])  # refuse here what it would refuse
            entry.ask(_request(args))
            _await_taken(entry)
            print(f"{entry.name} {DONE[args.action]}")
        elif args.action == "suspend":
            again.edit(entry, session.operation(_request(args)))
            print(f"{entry.name} suspended")
        else:
            operation = session.operation(_request(args))
            ended = again.after(entry, _options(args, entry), operation, sys.stdout, sys.stderr)
            code = code or (0 if ended in (0, 1) else ended)
    return code


def _await_taken(entry: Any, patience: float = 5.0) -> None:
    until = time.monotonic() + patience
    while (
        time.monotonic() < until and entry.is_running() and any((entry.path / "requests").glob("[0-9]*.json"))
    ):
        time.sleep(0.05)


def _resume(args: argparse.Namespace) -> int:
    from executor.local import again

    entry = _find(args.name)
    if entry.is_running():
        entry.ask(_request(args))
        _await_taken(entry)
        print(f"{entry.name} resumed")
        return 0
    return again.resume(entry, _options(args, entry), args.node_field_selector, sys.stdout, sys.stderr)


def _retry(args: argparse.Namespace) -> int:
    from executor.local import again
    from executor.local.prepare import parse_parameters

    entry = _find(args.name)
    return again.retry(
        entry, _options(args, entry), parameters=parse_parameters(args.parameter), restart_successful=args.restart_successful,
        selector=args.node_field_selector, start_from=args.start_from, out=sys.stdout, err=sys.stderr,
    )  # fmt: skip


def _resubmit(args: argparse.Namespace) -> int:
    import random

    from executor import engine
    from executor.local import again, prepare, session, settings
    from executor.local.prepare import ALPHABET, parse_parameters

    entry = _find(args.name)
    inputs = again.input_of(entry)
    fresh = [
        engine.resubmit(
            w, parameters=parse_parameters(args.parameter), memoized=args.memoized,
            suffix="".join(random.choices(ALPHABET, k=5)), name=args.new_name or "",
        )
        for w in entry.workflows()
    ]  # fmt: skip
    workflows = [prepare.with_identity(w, name=args.new_name) for w in fresh]
    base = Path(str(entry.info().get("cwd") or os.getcwd()))
    os.chdir(base if base.is_dir() else Path.cwd())
    return session.carry_on(
        _options(args, entry), settings.load(inputs.root), inputs, workflows, None, sys.stdout, sys.stderr
    )


def _set(args: argparse.Namespace) -> int:
    from executor.local import again, session
    from executor.local.prepare import parse_parameters

    entry = _find(args.name)
    request = {
        "verb": "set", "selector": args.node_field_selector, "parameters": parse_parameters(args.output_parameter),
        "phase": args.phase, "message": args.message,
    }  # fmt: skip
    operation = session.operation(request)
    if entry.is_running():
        operation(entry.workflows()[0])
        entry.ask(request)
        _await_taken(entry)
    else:
        again.edit(entry, operation)
    print(f"{entry.name} values set")
    return 0


def _delete(args: argparse.Namespace) -> int:
    from executor.local.cleanup import forget
    from executor.local.rundir import runs

    for name in args.names:
        entry = _find(name)
        if entry.is_running():
            raise UserError(f"{entry.name} is running", "stop it first", exit_code=1)
        forget(entry, runs(entry.path.parent))
        print(f"{entry.name} deleted")
    return 0
