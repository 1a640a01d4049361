"""Lint manifests: files, folders, globs, or `-` for standard input."""

from __future__ import annotations

import argparse
import os
import sys

from argolint.api import Report, Source, check
from argolint.diagnostic import SEVERITY_RANK
from argolint.errors import UserError
from argolint.project.discover import discover, is_manifest
from argolint.report import FORMATS, View, renderer
from argolint.settings import Settings
from argolint.text import decode

HELP = "lint manifests"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `argolint check`."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, folders, globs, or - for standard input (default: .)"
    )
    parser.add_argument(
        "--output-format", choices=FORMATS, default="text", metavar="FORMAT", help=", ".join(FORMATS)
    )
    parser.add_argument("--fail-on", choices=("error", "warning", "info"))
    parser.add_argument("--exit-zero", action="store_true")
    parser.add_argument("--select", action="append", default=[])
    parser.add_argument("--profile", default=None)


def run(args: argparse.Namespace) -> int:
    """Lint, print, and return 0 or 1."""
    settings = Settings()
    settings.select = tuple(",".join(args.select).split(",")) if args.select else ()
    settings.profile = args.profile or "default"
    sources = []
    for found in discover(args.paths or ["."]):
        with open(found.path, "rb") as file:
            data = file.read()
        if found.explicit or is_manifest(data):
            sources.append(Source(found.path, decode(data)[0]))
    report = check(sources, settings)
    sys.stdout.write(renderer(args.output_format)(View(report.findings, report.texts, report.summary)))
    worst = max((SEVERITY_RANK[item.severity] for item in report.findings), default=-1)
    return int(worst >= SEVERITY_RANK[args.fail_on or settings.fail_on]) if not args.exit_zero else 0
