"""Run the examples on rules' pages: your own rules are tested by their documentation, as the built-in ones are.

examples:
  argolint test ./lint-rules
  argolint test -k ABC101 ./lint-rules
"""

from __future__ import annotations

import argparse
import os
import sys

from argolint import registry
from argolint.errors import UserError
from argolint.ruletest import check_page

HELP = "run the examples on the pages of your own rules"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `argolint test`."""
    parser.add_argument("folder", nargs="+", metavar="FOLDER", help="folders of rules")
    parser.add_argument("-k", metavar="TEXT", default="", help="only rules whose code or name contains this")


def run(args: argparse.Namespace) -> int:
    """Test each rule in the folders; 1 when a page does not tell the truth."""
    for folder in args.folder:
        if not os.path.isdir(folder):
            raise UserError(f"{folder}: no such folder", "name a folder that holds rules and their pages")
    folders = tuple(os.path.abspath(folder) for folder in args.folder)
    builtin = os.path.abspath(registry.builtin_folder())
    extra = tuple(folder for folder in folders if folder != builtin)
    rules = registry.load(extra)
    for path, message, trace in rules.failures:
        print(f"{path}: {message}\n{trace}", file=sys.stderr)
    chosen = [
        item for item in rules.values()
        if os.path.abspath(item.module[0]) in folders and (args.k in item.code or args.k in item.name)
    ]  # fmt: skip
    if not chosen and not rules.failures:
        raise UserError(
            f"no rules in {', '.join(args.folder)}", "a rule is a module with a function decorated by @rule"
        )
    failed = 0
    for item in chosen:
        problems = check_page(item, rules, extra)
        failed += bool(problems)
        print(f"{item.code} {item.name}: {'ok' if not problems else 'failed'}")
        for problem in problems:
            print(f"  {problem}")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return int(bool(failed or rules.failures))
