"""Flags that several commands share, and the settings they make."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from argolint import config, registry
from argolint.errors import UserError
from argolint.runner import is_enabled
from argolint.settings import Settings


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Flags that choose rules and configuration."""
    group = parser.add_argument_group("rules")
    text = "codes, names or prefixes, separated by commas; ALL is every rule"
    group.add_argument("--select", action="append", metavar="RULES", help=f"run only these: {text}")
    group.add_argument("--ignore", action="append", metavar="RULES", help="do not run these")
    group.add_argument("--extend-select", action="append", metavar="RULES", help="run these too")
    group.add_argument("--extend-ignore", action="append", metavar="RULES", help="nor these")
    group.add_argument(
        "--profile", choices=config.PROFILES, help="the set of rules to start from (default: default)"
    )
    group.add_argument(
        "--argo-version", metavar="X.Y", help="the release that will run the manifests (default: the latest)"
    )
    group.add_argument(
        "--external-references",
        choices=config.EXTERNAL,
        help="what a reference to an object outside the tree is (default: warning)",
    )
    add_config(group)


def add_config(parser: argparse._ActionsContainer) -> None:
    """Flags that choose the configuration file."""
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (default: the nearest .argolint.yaml)"
    )
    parser.add_argument("--no-config", action="store_true", help="use no configuration file")


def settings_only(args: argparse.Namespace, paths: Sequence[str]) -> Settings:
    """The settings of the configuration file for these paths, for commands that take no flags for rules."""
    start = paths[0] if paths and paths[0] != "-" else "."
    start = start if os.path.isdir(start) else os.path.dirname(start) or "."
    if args.config and args.no_config:
        raise UserError("--config and --no-config exclude each other", "give one of them")
    path = args.config or ("" if args.no_config else config.find(start))
    if args.config and not os.path.isfile(args.config):
        raise UserError(f"{args.config}: no such file", "check --config")
    settings = config.load(_shown(path)) if path else Settings()
    if not settings.root:
        settings.root = config.git_root(start)
    return settings


def settings_of(args: argparse.Namespace, paths: Sequence[str]) -> tuple[Settings, registry.Rules]:
    """The settings for a command line, flags over configuration over defaults, and the rules there are.

    Raises UserError for whatever is wrong in either.
    """
    settings = settings_only(args, paths)
    for name in ("select", "ignore", "extend_select", "extend_ignore"):
        given = getattr(args, name)
        if given is not None:
            words = tuple(word.strip() for text in given for word in text.split(",") if word.strip())
            # On the command line, ignore adds to what the configuration ignores.
            setattr(settings, name, words if name.endswith("select") else (*getattr(settings, name), *words))
            settings.origins[name] = f"--{name.replace('_', '-')}"
    for name in ("profile", "fail_on", "external_references", "baseline"):
        given = getattr(args, name, None)
        if given:
            setattr(settings, name, given)
            settings.origins[name] = f"--{name.replace('_', '-')}"
    if args.argo_version:
        try:
            settings.argo_version = config.argo_version(args.argo_version)
        except config.Wrong as error:
            raise UserError(f"--argo-version: {error}", "") from None
        settings.origins["argo_version"] = "--argo-version"
    rules = load_rules(settings)
    config.check_names(settings, rules)
    names = programs(settings, rules)
    if names:
        from argolint.external.tools import stamp

        settings.tools = stamp(names)
    return settings, rules


# Rules that ask a program, and which.
ASKING = {"SCR101": "shellcheck", "SCR103": "ruff"}


def programs(settings: Settings, rules: registry.Rules) -> list[str]:
    """The programs that enabled rules ask."""
    return [name for code, name in ASKING.items() if code in rules and is_enabled(rules[code], settings)]


def load_rules(settings: Settings) -> registry.Rules:
    """The rules there are: built in, in the folders of the configuration, and those of plugins when they are on."""
    if settings.plugins:
        settings.rules = (*settings.rules, *registry.plugin_folders())
    return registry.load(settings.rules)


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
