"""Print a completion script for a shell.

examples:
  argolint completion bash > ~/.local/share/bash-completion/completions/argolint
  argolint completion zsh > ~/.zfunc/_argolint
  argolint completion fish > ~/.config/fish/completions/argolint.fish
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import NamedTuple

from argolint.commands.table import COMMANDS

HELP = "print a completion script for bash, zsh or fish"
SHELLS = ("bash", "zsh", "fish")


class Flag(NamedTuple):
    """An option: its spellings, what it is for, the values it may take, whether it takes one at all, and whether that is a rule.

    What may stand without an option in front is one without spellings.
    """

    names: tuple[str, ...]
    help: str
    choices: tuple[str, ...]
    takes_value: bool
    rule: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `argolint completion`."""
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    commands = {name: command.help for name, command in COMMANDS.items()}
    flags = {name: flags_of(command.module) for name, command in COMMANDS.items()}
    makers = {"bash": bash, "zsh": zsh, "fish": fish}
    sys.stdout.write(makers[args.shell](commands, flags))
    return 0


def flags_of(module: str) -> list[Flag]:
    """The options of a command, read off its parser; positional choices come as a flag without names."""
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(module).add_arguments(parser)
    found = []
    for action in parser._actions:
        choices = tuple(str(choice) for choice in action.choices or ())
        rule = action.metavar in ("RULE", "RULES")
        if action.option_strings or choices or rule:
            text = (action.help or "").replace("%%", "%")
            found.append(Flag(tuple(action.option_strings), text, choices, action.nargs != 0, rule))
    return found


# The shell asks for the codes and names when they are wanted: they depend on the configuration.
_CODES = "argolint rules 2>/dev/null | grep -oE '^[A-Z]+[0-9]+'"


def _words(flags: list[Flag]) -> str:
    words = [name for flag in flags for name in flag.names]
    words += [choice for flag in flags if not flag.names for choice in flag.choices]
    words += [f"$({_CODES})" for flag in flags if not flag.names and flag.rule]
    return " ".join(words)


def _values(flag: Flag) -> str:
    return f"$({_CODES})" if flag.rule else " ".join(flag.choices)


def bash(commands: dict[str, str], flags: dict[str, list[Flag]]) -> str:
    """The script for bash: options and their values; files everywhere else."""
    cases = []
    for name in commands:
        values = "".join(
            f'      {"|".join(flag.names)}) COMPREPLY=($(compgen -W "{_values(flag)}" -- "$cur")); return;;\n'
            for flag in flags[name]
            if flag.names and (flag.choices or flag.rule)
        )
        inner = f'    case "$prev" in\n{values}    esac\n' if values else ""
        cases.append(f'  {name})\n{inner}    words="{_words(flags[name])}";;\n')
    return f"""\
_argolint() {{
  local cur prev command words word
  cur="${{COMP_WORDS[COMP_CWORD]}}"
  prev="${{COMP_WORDS[COMP_CWORD-1]}}"
  command=check
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$word" in
      {"|".join(commands)}) command="$word"; break;;
    esac
  done
  case "$command" in
{"".join(cases)}  esac
  if [[ $COMP_CWORD -eq 1 ]]; then words="$words {" ".join(commands)}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur"))
}}
complete -o filenames -o bashdefault -F _argolint argolint
"""


# Inside single quotes, where a single quote is written '\\''.
_ZSH_CODES = "{compadd - $(" + _CODES.replace("'", "'\\''") + ")}"


def zsh(commands: dict[str, str], flags: dict[str, list[Flag]]) -> str:
    """The script for zsh, with the help of each option."""
    cases = []
    for name in commands:
        specs = []
        for flag in flags[name]:
            if not flag.names:
                specs.append(
                    f"'*:rule:{_ZSH_CODES}'" if flag.rule else f"'*:value:({' '.join(flag.choices)})'"
                )
                continue
            for spelling in flag.names:
                value = (
                    f":rule:{_ZSH_CODES}" if flag.rule
                    else f":value:({' '.join(flag.choices)})" if flag.choices
                    else ":value:_files" if flag.takes_value else ""
                )  # fmt: skip
                specs.append(f"'*{spelling}[{_zsh(flag.help)}]{value}'")
        if not any(not flag.names for flag in flags[name]):
            specs.append("'*:path:_files'")
        cases.append(f"    {name}) _arguments {' '.join(specs)};;\n")
    listed = " ".join(f"'{name}:{_zsh(text)}'" for name, text in commands.items())
    return f"""\
#compdef argolint
_argolint() {{
  local command="${{words[2]}}"
  if (( CURRENT == 2 )) && [[ "$command" != -* ]]; then
    local -a commands=({listed})
    _describe 'command' commands
    _files
    return
  fi
  case "$command" in
    {"|".join(commands)}) shift words; (( CURRENT-- ));;
    *) command=check;;
  esac
  case "$command" in
{"".join(cases)}  esac
}}
_argolint "$@"
"""


def _zsh(text: str) -> str:
    return text.replace("'", "").replace("[", "(").replace("]", ")").replace(":", " ")


def fish(commands: dict[str, str], flags: dict[str, list[Flag]]) -> str:
    """The script for fish, with the help of each option."""
    lines = []
    for name, text in commands.items():
        lines.append(f"complete -c argolint -n __fish_use_subcommand -a {name} -d {_fish(text)}")
        # Without a command it is `check`.
        others = " ".join(other for other in commands if other != "check")
        seen = (
            f"not __fish_seen_subcommand_from {others}"
            if name == "check"
            else f"__fish_seen_subcommand_from {name}"
        )
        condition = f"'{seen}'"
        for flag in flags[name]:
            spelled = "".join(
                f" -l {word[2:]}" if word.startswith("--") else f" -s {word[1:]}" for word in flag.names
            )
            value = " -r" if flag.takes_value and flag.names else ""
            values = f"({_CODES})" if flag.rule else " ".join(flag.choices)
            choices = f" -a {_fish(values)}" if values else ""
            only = " -f" if values else ""
            lines.append(
                f"complete -c argolint -n {condition}{spelled}{value}{only}{choices} -d {_fish(flag.help)}"
            )
    return "\n".join(lines) + "\n"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
