"""Run workflows from files, on this machine, with no cluster.

FILE may be a manifest (Workflow, WorkflowTemplate, CronWorkflow; several documents), `-`, or KIND/NAME of the current tree.
Exit codes: 0 Succeeded, 1 Failed, 2 usage or invalid manifest, 3 Error, 4 cannot run here, 5 suspended, 130 interrupted.

examples:
  argorun run workflow.yaml -p version=1.4.0
  argorun run workflowtemplate/release --until test -o json
  argorun run wf.yaml --break on-failure --log
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from argolint.errors import UserError

HELP = "run a workflow from a file, with no cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argorun run`; the spelling is that of `argo submit` where it has the flag."""
    parser.add_argument("targets", nargs="+", metavar="FILE", help="manifests, or KIND/NAME")
    parser.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="an input parameter"
    )
    parser.add_argument(
        "-f", "--parameter-file", metavar="FILE", help="a YAML or JSON file of input parameters"
    )
    parser.add_argument(
        "-a",
        "--artifact",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a file or directory as an input artifact",
    )
    parser.add_argument(
        "--output-dir", default="", metavar="DIR", help="copy the output artifacts there when it has ended"
    )
    parser.add_argument("--entrypoint", metavar="TEMPLATE", help="run this template first")
    parser.add_argument("--name", help="the workflow's name")
    parser.add_argument("--generate-name", metavar="PREFIX", help="a prefix for the workflow's name")
    parser.add_argument(
        "--scheduled-time", metavar="TIME", help="the time that a CronWorkflow is run for (default: now)"
    )
    parser.add_argument("-n", "--namespace", help="the workflow's namespace (default: its own, else default)")
    parser.add_argument("--no-lint", action="store_true", help="do not lint first")
    parser.add_argument("--dry-run", action="store_true", help="print what would run; start nothing")
    parser.add_argument(
        "--only",
        default="",
        metavar="GLOB",
        help="really run only these nodes (name or template); make up the rest",
    )
    parser.add_argument(
        "--until", default="", metavar="GLOB", help="start nothing more once this node has ended"
    )
    add_break(parser)
    parser.add_argument(
        "-w", "--watch", action="store_true", help="run again when a file changes, only what changed"
    )
    parser.add_argument(
        "--strict-fidelity", action="store_true", help="refuse what this machine would honour only nearly"
    )
    parser.add_argument(
        "-P", "--platform", action="append", default=[], metavar="IMAGE=WHAT",
        help="run what has this image (a glob; template:NAME) by another image, or by process, container or mock",
    )  # fmt: skip
    add_cluster(parser)
    add_common(parser)


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """A cluster for resource templates."""
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="resource templates act on this cluster (default: on objects in memory)",
    )
    parser.add_argument("--context", metavar="NAME", help="context of the kubeconfig")
    parser.add_argument(
        "--allow-kind", action="append", default=[], metavar="KIND", help="a kind that they may touch there"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask whether the cluster is meant")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Flags of every verb that runs pods."""
    parser.add_argument(
        "--runtime",
        choices=("auto", "process", "container", "mock"),
        help="where containers run (default: auto)",
    )
    parser.add_argument(
        "-o", "--output", choices=("tree", "json", "yaml", "name"), default="tree", help="what goes to stdout"
    )
    logs = parser.add_mutually_exclusive_group()
    logs.add_argument(
        "--log", action="store_true", help="print the steps' logs, with -o json too (to stderr)"
    )
    logs.add_argument("--no-log", action="store_true", help="do not print the steps' logs")
    parser.add_argument(
        "--group", action="store_true", help="print each log as a block when it has ended (for CI)"
    )
    parser.add_argument("--timestamps", action="store_true", help="print the time of each line of the logs")
    parser.add_argument(
        "--keep", action="store_true", help="keep what steps wrote when they succeed, too (for argorun shell)"
    )
    parser.add_argument("--jobs", type=int, default=None, metavar="N", help="run at most N pods at once")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but the result")
    parser.add_argument(
        "--artifacts",
        choices=("local", "real"),
        help="a directory (default), or the stores that the manifest names",
    )
    add_secrets(parser)


def add_break(parser: argparse.ArgumentParser) -> None:
    """Breakpoints."""
    parser.add_argument(
        "--break", dest="breaks", action="append", default=[], metavar="POINT",
        help="hold the run: before:NODE, after:NODE, on-failure; a terminal is asked what to do",
    )  # fmt: skip


def add_secrets(parser: argparse.ArgumentParser) -> None:
    """Where values of secrets come from."""
    parser.add_argument(
        "--secret-file", action="append", default=[], metavar="FILE",
        help="Secrets, name/key=value lines, or a directory of NAME/KEY (default: .argolint/secrets.env)",
    )  # fmt: skip
    parser.add_argument(
        "-s",
        "--secret",
        action="append",
        default=[],
        metavar="NAME/KEY[=VALUE]",
        help="a secret; asked for without a value",
    )
    parser.add_argument("--dummy-secrets", action="store_true", help="make up the secrets that are missing")


def secrets_given(args: argparse.Namespace) -> Any:
    """The secret flags as `executor.local.secrets.Given`."""
    from executor.local.secrets import Given

    return Given(tuple(args.secret_file), tuple(args.secret), args.dummy_secrets)


def log_style(args: argparse.Namespace) -> Any:
    """How the logs are printed."""
    from executor.local.console import LogStyle

    return LogStyle(args.group, args.timestamps)


def wants_logs(args: argparse.Namespace) -> bool:
    """Logs are printed beside the tree unless somebody does not want them; beside an object only when asked for."""
    return bool(args.log) or (args.output == "tree" and not args.no_log and not args.quiet)


def run(args: argparse.Namespace) -> int:
    """Run and return the exit code. Raises UserError."""
    if args.watch:
        from executor.local.watch import follow

        return follow(args, run_once)
    return run_once(args)


def run_once(args: argparse.Namespace, **more: Any) -> int:
    """One run. Raises UserError."""
    from executor.local import session, settings

    if args.jobs is not None and args.jobs < 0:
        raise UserError("--jobs must not be negative")
    inputs = session.read_input(args.targets, Path.cwd())
    local = settings.load(inputs.root)
    if not args.no_lint and not lints(inputs):
        return session.INVALID
    options = options_of(args, **more)
    if args.dry_run:
        from executor.local.plan import show_plan

        return show_plan(options, local, inputs, sys.stdout)
    return session.execute(options, local, inputs, sys.stdout, sys.stderr)


def options_of(args: argparse.Namespace, **more: Any) -> Any:
    """The command line as `executor.local.session.Options`. Raises UserError."""
    from executor.local import given, realcluster, session
    from executor.local.prepare import parse_parameters

    if args.artifact and args.artifacts == "real":
        raise UserError("-a with --artifacts real", "put the file into the store that the manifest names")
    fields: dict[str, Any] = {
        "targets": args.targets,
        "parameters": parse_parameters(args.parameter, parameter_file(args.parameter_file)),
        "entrypoint": args.entrypoint, "name": args.name, "generate_name": args.generate_name,
        "namespace": args.namespace, "runtime": args.runtime, "output": args.output, "log": wants_logs(args), "log_style": log_style(args), "keep": args.keep,
        "lint": not args.no_lint, "jobs": args.jobs or 0, "quiet": args.quiet, "secrets": secrets_given(args),
        "artifacts": args.artifacts or "local", "strict": args.strict_fidelity, "only": args.only, "until": args.until, "breaks": args.breaks, "given": given.parse(args.artifact), "output_dir": args.output_dir,
        "scheduled": args.scheduled_time, "platforms": args.platform, "cluster": realcluster.confirmed(args),
    }  # fmt: skip
    return session.Options(**{**fields, **more})


def lints(inputs: Any) -> bool:
    """Whether the files have no lint errors; what there are is printed."""
    from executor.local.lint import errors_in

    around = [m.path for m in inputs.tree.objects()] if inputs.mentions else []
    if errors_in(inputs.files, list(dict.fromkeys(around)), inputs.root, sys.stderr):
        print(
            "argorun: error: the manifest does not lint; nothing was run (--no-lint runs it nevertheless)",
            file=sys.stderr,
        )
        return False
    return True


def parameter_file(path: str | None) -> dict[str, Any]:
    """The mapping in a parameter file. Raises UserError."""
    if path is None:
        return {}
    from executor.local.documents import objects_in, read_text

    documents = objects_in(path, read_text(Path(path)))
    if len(documents) != 1:
        raise UserError(f"{path} must hold one mapping of parameter names to values")
    return documents[0]
