"""Write docs/argorun-support.md: what of a manifest a local run honours, from the code that decides it.

python -m tools.support_table [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
TARGET = REPO / "docs" / "argorun-support.md"

# Feature -> the test that shows it. The test of this table checks that every one of them exists.
HONOURED: tuple[tuple[str, str], ...] = (
    ("steps, nested, with `when` and loops", "tests/executor/engine/test_steps.py"),
    ("dag, `depends`, `dependencies`", "tests/executor/engine/test_dag.py"),
    ("retryStrategy, backoff, expressions", "tests/executor/engine/test_retry.py"),
    ("exit handlers and lifecycle hooks", "tests/executor/engine/test_hooks.py"),
    ("mutexes, semaphores, parallelism", "tests/executor/engine/test_locks.py"),
    ("templateRef, workflowTemplateRef", "tests/executor/engine/test_references.py"),
    ("suspend, resume, stop, terminate, retry, resubmit", "tests/executor/commands_local/test_runs.py"),
    (
        "containers, scripts, sidecars, daemons, init containers, containerSets",
        "tests/executor/runtimes/test_argo_pods.py",
    ),
    (
        "volumes: emptyDir, configMap, secret, projected, downwardAPI; claims as directories",
        "tests/executor/runtimes/test_pods.py",
    ),
    ("http and resource templates", "tests/executor/local/test_run.py"),
    ("secrets from files, environment and flags, masked", "tests/executor/local/test_secrets.py"),
    (
        "artifacts: raw, http, git, archives, a directory in the place of the store",
        "tests/executor/artifacts/test_store.py",
    ),
    ("`--artifacts real`: s3, gcs, artifactory, http, git", "tests/executor/artifacts/test_remote.py"),
    ("`--artifacts real`: azure, hdfs, oss (a fake server)", "tests/executor/artifacts/test_servers.py"),
    ("executor plugins by their address (`local.plugins`)", "tests/executor/local/test_plugins.py"),
    (
        "mocked templates of every kind, stubs and steps that really run",
        "tests/executor/commands_local/test_test.py",
    ),
)
REFUSED: tuple[tuple[str, str], ...] = (
    ("hostPath volumes", "a local pod gets no directory of this machine"),
    ("serviceAccountToken volumes", "there are no service accounts"),
    ("images without a rule (process runtime)", "ErrImagePull, exit code 4"),
    ("executor plugins that `local.plugins` does not name", "Error, with the plugin's name"),
    (
        "plugin artifacts with `--artifacts real`",
        "an error that names the store; a directory without the flag",
    ),
)


def text() -> str:
    """The page."""
    from executor.local import fidelity
    from executor.runtimes.images import SHIPPED

    lines = [
        "# What a local run honours", "",
        "Written by `python -m tools.support_table`; a test keeps it equal to the code. Every run says in its fidelity line which rows of the",
        "second table it used; `--strict-fidelity` refuses to run with any.", "",
        "## Honoured", "", "| feature | shown by |", "|---|---|",
        *(f"| {feature} | `{test}` |" for feature, test in HONOURED), "",
        "## Accepted, and honoured only nearly", "", "| field | where |", "|---|---|",
    ]  # fmt: skip
    for where, names in (
        ("spec", fidelity._SPEC_FIELDS),
        ("template", fidelity._TEMPLATE_FIELDS),
        ("container", fidelity._CONTAINER_FIELDS),
    ):
        lines += [f"| `{name}` | {where} |" for name in sorted(names)]
    lines += [
        "| `metrics`, `volumeClaimTemplates` | spec |",
        "",
        "## Refused",
        "",
        "| what | how |",
        "|---|---|",
    ]
    lines += [f"| {what} | {how} |" for what, how in REFUSED]
    lines += ["", "## Images", "", "| image | stands for |", "|---|---|"]
    lines += [f"| `{pattern}` | {toolchain} |" for pattern, toolchain in SHIPPED]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; with --check only say whether it is fresh."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        return 0 if TARGET.read_text(encoding="utf-8") == text() else 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
