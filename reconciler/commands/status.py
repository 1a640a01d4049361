"""Show the last known state of each target, from the state directory alone.

Exit code 0 when every target is ready and healthy, 1 when one is not, 2 for a wrong configuration.
"""

from __future__ import annotations

import argparse

from reconciler.commands.options import add_common, configuration

HELP = "show the last known state of each target"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync status`."""
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print; 0 when all are ready."""
    from reconciler.render import dumps
    from reconciler.state import Store
    from reconciler.status import status_of, to_markdown, to_text
    from reconciler.text import redact_url

    config = configuration(args)
    statuses = [
        status_of(Store(config.state, target.name), target.name, redact_url(config.source(target.source).url))
        for target in config.targets
    ]
    if args.output == "json":
        print(dumps({"version": 1, "targets": statuses}))
    elif args.output == "markdown":
        print(to_markdown(statuses), end="")
    else:
        print("\n".join(to_text(status) for status in statuses))
    ready = [
        c["status"] for status in statuses for c in status["conditions"] if c["type"] in ("Ready", "Healthy")
    ]
    return 0 if all(value == "True" for value in ready) else 1
