"""Poll the sources and keep the targets equal to them, until SIGTERM.

One line an event on stderr. A Lease in each target's namespace keeps two of these from writing to one target. SIGUSR1
makes it look at once, SIGHUP makes it read its configuration again.
"""

from __future__ import annotations

import argparse

from reconciler.commands.options import add_common, configuration, duration_of

HELP = "poll Git and keep the cluster equal to it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync run`."""
    add_common(parser, output=False)
    parser.add_argument(
        "--interval",
        metavar="D",
        help="poll this often, instead of what the configuration says (such as 10s)",
    )
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="form of the log (default: text)"
    )


def run(args: argparse.Namespace) -> int:
    """Run; 0 after a clean stop."""
    from dataclasses import replace

    from reconciler.config import Config
    from reconciler.loop import run_forever

    interval = duration_of(args.interval, "--interval", least=1) if args.interval else 0.0

    def configuration_now() -> Config:
        config = configuration(args)
        if interval:
            config = replace(config, sources=tuple(replace(s, interval=interval) for s in config.sources))
        return config

    return run_forever(configuration_now(), args.log_format, None if args.repo else configuration_now)
