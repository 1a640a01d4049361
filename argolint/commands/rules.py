"""List the rules: code, name, severity, whether the settings enable it, and whether it can repair.

examples:
  argolint rules
  argolint rules STP REF101
  argolint rules --enabled --select RBA --output-format json
"""

from __future__ import annotations

import argparse
import json
import sys

from argolint import registry
from argolint.commands.settings import add_selection, settings_of
from argolint.config import similar_rule
from argolint.errors import UserError
from argolint.runner import is_enabled, severity_of

HELP = "list the rules"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argolint rules`."""
    parser.add_argument(
        "wanted", nargs="*", metavar="RULES", help="only these: codes, names or prefixes (default: all)"
    )
    parser.add_argument("--output-format", choices=("text", "json"), default="text", help="text or json")
    parser.add_argument("--enabled", action="store_true", help="only those that the settings enable")
    add_selection(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    settings, rules = settings_of(args, ["."])
    for selector in args.wanted:
        if not registry.known_selector(selector, rules.values()):
            remedy = similar_rule(selector, rules) or "`argolint rules` lists them"
            raise UserError(f"no rule is called `{selector}`", remedy)
    rows = []
    for item in rules.values():
        if args.wanted and not any(registry.selects(selector, item) for selector in args.wanted):
            continue
        enabled = is_enabled(item, settings)
        if args.enabled and not enabled:
            continue
        rows.append(
            {
                "code": item.code, "name": item.name, "severity": severity_of(item, settings) or item.severity,
                "default": item.default, "enabled": enabled, "fix": item.fix, "cross_file": item.cross_file,
                "since": item.since, "summary": item.summary, "options": dict(item.options),
            }
        )  # fmt: skip
    if args.output_format == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        marks = ("  " if row["enabled"] else "off") + (" fix" if row["fix"] else "")
        print(
            f"{row['code']}  {row['name']:<{width}}  {row['severity']:<7} {marks:<8} {row['summary']}".rstrip()
        )
    print(f"{len(rows)} rule{'s' if len(rows) != 1 else ''}")
    return 0
