"""What several commands make of their arguments; nothing heavy is imported."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from argolint.errors import UserError


def add_data(parser: argparse.ArgumentParser) -> None:
    """`--data`, the embedded cluster's directory, as a Path."""
    parser.add_argument(
        "--data", type=Path, default=Path(".argolint/cluster"), metavar="DIR",
        help="the cluster's data folder (default: %(default)s)",
    )  # fmt: skip


def add_log_flags(parser: argparse.ArgumentParser, run: str, part: str, fields: str) -> None:
    """Which lines of logs, and how; `run` is what is followed, `part` what a line comes from, `fields` those of --json."""
    parser.add_argument("-f", "--follow", action="store_true", help=f"go on until the {run} has ended")
    parser.add_argument("--tail", type=int, metavar="N", help=f"only the last N lines of each {part}")
    parser.add_argument("--since", metavar="DURATION", help="only what is newer: 5s, 2m, 3h")
    parser.add_argument(
        "--since-time", metavar="TIME", help="only what came at this time (RFC 3339) or later"
    )
    parser.add_argument("--timestamps", action="store_true", help="print the time of each line")
    parser.add_argument("--grep", default="", metavar="REGEX", help="only lines that match")
    parser.add_argument(
        "--prefix",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"the {part}'s name before each line",
    )
    parser.add_argument("--json", action="store_true", help=f"an object a line: {fields}")
    parser.add_argument("--no-color", action="store_true", help="no colors")


def pattern(text: str) -> re.Pattern[str] | None:
    """What --grep looks for; None for everything. Raises UserError."""
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UserError(f"--grep {text}: not a regular expression: {error}") from error


def intermixed(parser: argparse.ArgumentParser) -> None:
    """Let an optional positional stand after flags: `logs NAME --tail 5 NODE`, as other tools take it."""
    plain = parser.parse_known_args

    def parse(args: Any = None, namespace: Any = None) -> Any:
        parser.parse_known_args = plain  # type: ignore[method-assign]
        try:
            return parser.parse_known_intermixed_args(args, namespace)
        finally:
            parser.parse_known_args = parse  # type: ignore[method-assign,assignment]

    parser.parse_known_args = parse  # type: ignore[method-assign,assignment]


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> int:
    """A duration like 90s, 2m or 1h30m in seconds. Raises UserError."""
    if re.fullmatch(r"(\d+[smhd])+", text):
        return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))
    raise UserError(f"{text}: not a duration", "write 30s, 5m, 2h or 1d")
