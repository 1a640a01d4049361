"""Say what a rule checks and why, with examples: the rule's page.

examples:
  argolint explain STP101
  argolint explain unquoted-template-tag
"""

from __future__ import annotations

import argparse
import os
import re
import sys

from argolint import registry
from argolint.commands.output import use_color
from argolint.commands.settings import add_selection, settings_of
from argolint.config import did_you_mean_short
from argolint.errors import UserError
from argolint.rule import Rule

HELP = "say what a rule checks, with examples"

_MARKER = re.compile(r"[ \t]*# ((?:error|warning|info): \[[A-Z]{3}\d{3}\][^\n]*)$", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `argolint explain`."""
    parser.add_argument("rule", help="a code or a name")
    add_selection(parser)


def run(args: argparse.Namespace) -> int:
    """Print the page."""
    _, rules = settings_of(args, ["."])
    wanted = args.rule
    color = use_color("auto")
    for code, (name, severity, page) in registry.ENGINE.items():
        if wanted.upper() == code or wanted.lower() == name:
            engine = Rule(code, name, "", severity, True, None, False, (), (), (), "0.1", (), "", ("", ""))
            sys.stdout.write(rendered(engine, _page(os.path.join(registry.builtin_folder(), page)), color))
            return 0
    item = rules.get(wanted.upper()) or next(
        (rule for rule in rules.values() if rule.name == wanted.lower()), None
    )
    if item is None:
        names = [*rules, *(rule.name for rule in rules.values())]
        raise UserError(
            f"no rule is called `{wanted}`",
            did_you_mean_short(wanted, names) or "`argolint rules` lists them",
        )
    sys.stdout.write(rendered(item, _page(registry.page_path(item)), color))
    return 0


def _page(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", "") from error


def rendered(item: Rule, page: str, color: bool) -> str:
    """A page for the terminal: a line of facts below the title, fences as indented blocks."""
    facts = [item.severity, "on by default" if item.default else "off by default"]
    if item.fix:
        facts.append(f"{item.fix} fix")
    facts.append(f"since {item.since}")
    title, _, rest = page.partition("\n")
    out = [_style(f"{item.code} {item.name}: {title.lstrip('# ').rpartition(' (')[0]}", "1", color)]
    out.append(_style(" · ".join(facts), "2", color))
    if item.options:
        out.append("options: " + ", ".join(f"{name} (default {value!r})" for name, value in item.options))
    inside = False
    for line in rest.rstrip().split("\n"):
        if line.startswith("```"):
            inside = not inside
            if inside and "fix" in line[3:].split():
                out.append("after the fix:")
            elif inside and "file=" in line:
                out.append(f"with {line.partition('file=')[2].split()[0]}:")
        elif inside:
            out.append(
                "    " + _MARKER.sub(lambda match: "  " + _style(f"# {match.group(1)}", "31", color), line)
            )
        elif line.startswith("#"):
            out.append(_style(line.lstrip("# "), "1", color))
        else:
            out.append(line)
    return "\n".join(out) + "\n"


def _style(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
