"""Show the settings in effect and where each comes from; `--init` writes a first configuration.

examples:
  argolint config
  argolint config --init
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from argolint import config
from argolint.commands.settings import add_selection, settings_of
from argolint.errors import UserError
from argolint.settings import Settings

HELP = "show the settings in effect, or write a configuration"

_FIRST = """\
# Settings of argolint. Every key is optional; the values here are the defaults.
profile: default              # minimal, default, strict or all
fail-on: warning              # exit 1 from this severity on
argo-version: "{version}"           # the release of Argo Workflows that runs the manifests
external-references: warning  # a WorkflowTemplate that is not among the manifests: ignore, info, warning, error
ignore: []                    # rules by code, name or prefix: [STY, unused-template]
per-file-ignores: {{}}          # "vendor/**": [ALL]
severity: {{}}                  # SEC101: error
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argolint config`."""
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="the file or folder to show the settings for"
    )
    parser.add_argument("--init", action="store_true", help="write .argolint.yaml in this folder")
    add_selection(parser)


def run(args: argparse.Namespace) -> int:
    """Print the settings, or write the file."""
    if args.init:
        folder = args.path if os.path.isdir(args.path) else os.path.dirname(args.path) or "."
        path = os.path.normpath(os.path.join(folder, config.NAMES[0]))
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(_FIRST.format(version=".".join(map(str, Settings().argo_version))))
        except FileExistsError:
            raise UserError(f"{path}: is there already", "edit it, or delete it first") from None
        except OSError as error:
            raise UserError(f"{path}: cannot be written: {error.strerror}", "check the folder") from error
        print(f"wrote {path}")
        return 0
    settings, _ = settings_of(args, [args.path])
    sys.stdout.write(describe(settings))
    return 0


def describe(settings: Settings) -> str:
    """The settings as YAML, each with where it comes from."""
    lines = []
    for key in config.KEYS:
        field = key.replace("-", "_")
        origin = settings.origins.get(field, "default")
        lines.append(f"{key}: {_shown(getattr(settings, field))}  # {origin}")
    lines.append(f"# root: {settings.root or os.getcwd()}")
    from argolint.external.tools import describe as describe_tools

    return "\n".join(lines) + "\n" + describe_tools()


def _shown(value: Any) -> str:
    import json

    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, int) for part in value):
        return f'"{value[0]}.{value[1]}"'
    return json.dumps(value) if not isinstance(value, str) else value or '""'
