"""Say what a rule checks and why, with examples: the rule's page.

examples:
  argolint explain STP101
  argolint explain unquoted-template-tag REF108
  argolint explain STP
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys

from argolint import registry
from argolint.commands.output import use_color, write
from argolint.commands.settings import add_config, load_rules, settings_only
from argolint.config import similar_rule
from argolint.errors import UserError
from argolint.rule import Rule

HELP = "say what a rule checks, with examples"

_WIDEST = 110  # columns; longer lines are tiring to read
_MARKER = re.compile(r"[ \t]*# ((?:error|warning|info): \[[A-Z]{3}\d{3}\][^\n]*)$", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `argolint explain`."""
    parser.add_argument(
        "rule", nargs="+", metavar="RULE", help="a code or a name; a prefix lists what begins with it"
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Print the pages."""
    rules = load_rules(settings_only(args, ["."]))
    texts = [_explained(wanted, rules) for wanted in args.rule]
    write("\n".join(texts), "-")
    return 0


def _explained(wanted: str, rules: registry.Rules) -> str:
    """The page of a rule, or the list of the rules that a prefix means. Raises UserError when there is none."""
    color = use_color("auto")
    width = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else 0
    for code, (name, severity, page) in registry.ENGINE.items():
        if wanted.upper() == code or wanted.lower() == name:
            engine = Rule(code, name, "", severity, True, None, False, (), (), (), "0.1", (), "", ("", ""))
            return rendered(engine, _page(os.path.join(registry.builtin_folder(), page)), color, width)
    item = rules.get(wanted.upper()) or next(
        (rule for rule in rules.values() if rule.name == wanted.lower()), None
    )
    if item is not None:
        return rendered(item, _page(registry.page_path(item)), color, width)
    family = [rule for code, rule in rules.items() if len(wanted) >= 3 and code.startswith(wanted.upper())]
    if not family:
        raise UserError(
            f"no rule is called `{wanted}`", similar_rule(wanted, rules) or "`argolint rules` lists them"
        )
    longest = max(len(rule.name) for rule in family)
    return "".join(f"{rule.code}  {rule.name:<{longest}}  {rule.summary}".rstrip() + "\n" for rule in family)


def _page(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", "") from error


def rendered(item: Rule, page: str, color: bool, width: int = 0) -> str:
    """A page for the terminal: a line of facts below the title, fences as indented blocks.

    `width`: columns that paragraphs are wrapped to; 0 leaves the lines of the page.
    """
    facts = [item.severity, "on by default" if item.default else "off by default"]
    if item.fix:
        facts.append(f"{item.fix} fix")
    facts.append(f"since {item.since}")
    title, _, rest = page.partition("\n")
    rest = _wrapped(rest, width) if width else rest
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


def _wrapped(page: str, width: int) -> str:
    """The page with its paragraphs and list items filled to a width; fences, tables and headings stay."""
    import textwrap

    out: list[str] = []
    pending: list[str] = []
    inside = False

    def flush() -> None:
        if pending:
            hanging = "  " if pending[0].startswith(("- ", "* ")) else ""
            text = " ".join(line.strip() for line in pending)
            out.extend(
                textwrap.wrap(
                    text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
                )
            )
            pending.clear()

    for line in page.split("\n"):
        fence = line.startswith("```")
        if fence or inside or not line.strip() or line.startswith(("#", "|", "    ")):
            flush()
            out.append(line)
            inside = inside is not fence
            continue
        if line.startswith(("- ", "* ")):
            flush()
        pending.append(line)
    flush()
    return "\n".join(out)


def _style(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
