"""Show what is live against what would be, as a unified diff of manifests.

Exit code 0: no difference; 2: differences; 1: an error, or the revision would be refused.
"""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from reconciler.commands.options import add_common, add_preview, configuration

HELP = "show live against wanted manifests as text"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync diff`."""
    add_common(parser, output=False)
    add_preview(parser)


def run(args: argparse.Namespace) -> int:
    """Print; 0, 1 or 2."""
    from argolint.errors import UserError
    from reconciler.cycle import preview
    from reconciler.render import to_text
    from reconciler.session import open_context, secrets_of
    from reconciler.text import redact

    try:
        config = configuration(args)
    except UserError as error:
        error.exit_code = 1
        raise
    secrets = secrets_of(config)
    code = 0
    for target in config.targets:
        try:
            outcome = preview(open_context(config, target, looking=True))
        except UserError as error:
            error.exit_code = 1
            raise
        if not outcome.ok or outcome.plan is None:
            print(redact(to_text(outcome), secrets))
            code = 1
            continue
        for item in outcome.plan.items:
            if item.writes or item.op in ("prune", "hold"):
                after = None if item.op == "prune" else item.predicted
                print(redact(unified(str(item.key), item.live, after), secrets), end="")
        if outcome.plan.changes and code == 0:
            code = 2
    return code


def unified(name: str, before: Any, after: Any) -> str:
    """A unified diff of two objects as YAML; nothing that only the server writes, and no value that looks secret."""
    return "".join(difflib.unified_diff(_yaml(before), _yaml(after), f"live/{name}", f"wanted/{name}"))


def _yaml(obj: Any) -> list[str]:
    import yaml

    from reconciler.fields import hide
    from reconciler.model import canonical
    from reconciler.text import clean_lines

    if not obj:
        return []
    text = yaml.safe_dump(hide(canonical(obj)), sort_keys=True, width=1000, allow_unicode=True)
    return clean_lines(text).splitlines(keepends=True)
