"""The commands of argolint, in the order in which help lists them."""

from __future__ import annotations

from argolint.clikit import Command

COMMANDS = {
    "check": Command("argolint.commands.check", "lint manifests (the default command)"),
    "explain": Command("argolint.commands.explain", "say what a rule checks, with examples"),
    "rules": Command("argolint.commands.rules", "list the rules"),
    "config": Command("argolint.commands.config", "show the settings in effect, or write a configuration"),
    "baseline": Command("argolint.commands.baseline", "accept today's findings, so that only new ones count"),
    "rbac": Command(
        "argolint.commands.rbac",
        "print the least RBAC that workflows need, or compare it with what is granted",
    ),
    "graph": Command("argolint.commands.graph", "draw workflows as Mermaid, DOT or SVG"),
    "migrate": Command(
        "argolint.commands.migrate",
        "rewrite fields that another release of Argo Workflows renamed or removed",
    ),
    "lsp": Command("argolint.commands.lsp", "serve editors: a language server on standard input and output"),
    "completion": Command("argolint.commands.completion", "print a completion script for bash, zsh or fish"),
    "test": Command("argolint.commands.test", "run the examples on the pages of your own rules"),
}
