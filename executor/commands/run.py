"""Run workflows from files, on this machine, with no cluster.

FILE may be a manifest (Workflow, WorkflowTemplate, CronWorkflow; several documents), `-`, or KIND/NAME of the current tree.
Exit codes: 0 Succeeded, 1 Failed, 2 usage or invalid manifest, 3 Error, 4 cannot run here, 5 suspended, 130 interrupted.
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
    parser.add_argument("--entrypoint", metavar="TEMPLATE", help="run this template first")
    parser.add_argument("--name", help="the workflow's name")
    parser.add_argument("--generate-name", metavar="PREFIX", help="a prefix for the workflow's name")
    parser.add_argument("-n", "--namespace", help="the workflow's namespace (default: its own, else default)")
    parser.add_argument(
        "--runtime",
        choices=("auto", "process", "container", "mock"),
        help="where containers run (default: auto)",
    )
    parser.add_argument(
        "-o", "--output", choices=("tree", "json", "name"), default="tree", help="what goes to stdout"
    )
    parser.add_argument("--log", action="store_true", help="print the steps' logs as they come")
    parser.add_argument("--no-lint", action="store_true", help="do not lint first")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="run at most N pods at once")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but the result")


def run(args: argparse.Namespace) -> int:
    """Run and return the exit code. Raises UserError."""
    from executor.local import session, settings
    from executor.local.prepare import parse_parameters

    if args.jobs < 0:
        raise UserError("--jobs must not be negative")
    parameters = parse_parameters(args.parameter, _parameter_file(args.parameter_file))
    inputs = session.read_input(args.targets, Path.cwd())
    local = settings.load(inputs.root)
    if not args.no_lint:
        from executor.local.lint import errors_in

        around = [m.path for m in inputs.tree.objects()] if inputs.mentions else []
        if errors_in(inputs.files, list(dict.fromkeys(around)), inputs.root, sys.stderr):
            print(
                "argorun: error: the manifest does not lint; nothing was run (--no-lint runs it nevertheless)",
                file=sys.stderr,
            )
            return session.INVALID
    options = session.Options(
        targets=args.targets,
        parameters=parameters,
        entrypoint=args.entrypoint,
        name=args.name,
        generate_name=args.generate_name,
        namespace=args.namespace,
        runtime=args.runtime,
        output=args.output,
        log=args.log,
        lint=not args.no_lint,
        jobs=args.jobs,
        quiet=args.quiet,
    )
    return session.execute(options, local, inputs, sys.stdout, sys.stderr)


def _parameter_file(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    from executor.local.documents import objects_in, read_text

    documents = objects_in(path, read_text(Path(path)))
    if len(documents) != 1:
        raise UserError(f"{path} must hold one mapping of parameter names to values")
    return documents[0]
