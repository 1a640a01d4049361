"""Bring manifests to another release of Argo Workflows: fields that were renamed or removed, in place, comments kept.

examples:
  argolint migrate --to 4.0 --diff .
  argolint migrate --to latest workflow.yaml
"""

from __future__ import annotations

import argparse
import sys

from argolint import registry
from argolint.batch import collect
from argolint.commands.output import use_color, write
from argolint.commands.settings import add_config, settings_only
from argolint.config import Wrong, argo_version
from argolint.errors import UserError
from argolint.fix import fix_inputs
from argolint.report import View, renderer
from argolint.runner import Plan

HELP = "rewrite fields that another release of Argo Workflows renamed or removed"
FAMILY = "DEP"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `argolint migrate`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or globs (default: .)")
    parser.add_argument(
        "--to",
        required=True,
        metavar="VERSION",
        help="the release that will run the manifests: 4.0 or latest",
    )
    parser.add_argument("--diff", action="store_true", help="print the changes, change nothing")
    parser.add_argument(
        "--modernise", action="store_true", help="also what still works and has a newer spelling"
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Migrate; 1 when something is left that only a person can decide, or when --diff has changes to show."""
    paths = args.paths or ["."]
    settings = settings_only(args, paths)
    try:
        settings.argo_version = argo_version(args.to)
        settings.origins["argo_version"] = "--to"
    except Wrong as error:
        raise UserError(f"--to: {error}", "give a release: 3.6, 4.0 or latest") from None
    rules = registry.load(settings.rules)
    settings.select = tuple(
        item.code
        for item in rules.values()
        if item.family == FAMILY and (args.modernise or (item.default and item.severity != "info"))
    )
    settings.profile = "all"
    settings.ignore = settings.extend_ignore = settings.extend_select = ()
    inputs = collect(paths, settings)
    if not any(item.target for item in inputs):
        raise UserError(f"no manifests found in {', '.join(paths)}", "check the path")
    plan = Plan(rules, settings)
    report, diff, count = fix_inputs(inputs, plan, settings, unsafe=True, write=not args.diff)
    if args.diff:
        sys.stdout.write(diff)
        print(f"{count} field{'s' if count != 1 else ''} would be rewritten", file=sys.stderr)
        return int(bool(diff))
    note = f"{count} field{'s' if count != 1 else ''} rewritten for Argo {'.'.join(map(str, settings.argo_version))}"
    left = [item for item in report.findings if item.code in settings.select]
    if left:
        view = View(left, report.texts, report.summary, use_color("auto"), quiet=True, secrets=report.secrets)
        write(renderer("text")(view), "-")
        print(f"{note}; {len(left)} left for you to decide")
        return 1
    print(note)
    return 0
