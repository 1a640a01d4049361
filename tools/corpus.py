"""Lint other people's manifests and print what each rule said: `make corpus`.

The corpus lies beside the checkout in `shared/corpus`. The counts of the last accepted run are in
`tests/corpus/counts.json`; a rule that suddenly says much more fails the run, and `--bless` accepts it.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
CORPUS = REPO.parent / "shared" / "corpus"
COUNTS = REPO / "tests" / "corpus" / "counts.json"
JUMP = 1.2
SLACK = 3


def findings(folder: Path) -> list[dict[str, Any]]:
    """What the default profile says of a folder."""
    words = [sys.executable, "-m", "argolint", "check", "--no-cache", "--output-format", "json", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(words)} ended with {done.returncode}\n{done.stderr}")
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


def lines_of(folder: Path) -> int:
    """How many lines of YAML a folder holds."""
    return sum(len(path.read_bytes().splitlines()) for path in folder.rglob("*.y*ml"))


def main() -> int:
    """Print the table; 1 when a rule's count jumped, 2 when there is no corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bless", action="store_true", help="accept the present counts")
    parser.add_argument("--errors", action="store_true", help="print every finding of error severity")
    args = parser.parse_args()
    if not CORPUS.is_dir():
        print(f"no corpus at {CORPUS}: nothing to do")
        return 0
    sets = [
        CORPUS / "argo-examples",
        CORPUS / "argo-events-examples",
        *sorted((CORPUS / "real-world").iterdir()),
    ]
    table: dict[str, dict[str, int]] = {}
    for folder in sets:
        found = findings(folder)
        counts = collections.Counter(f"{f['code']} {f['severity']}" for f in found)
        table[folder.name] = dict(sorted(counts.items()))
        lines = lines_of(folder)
        print(
            f"\n{folder.name}: {len(found)} findings in {lines} lines, {100 * len(found) / max(lines, 1):.2f} per 100"
        )
        for rule, count in counts.most_common():
            print(f"  {count:5}  {rule}")
        if args.errors:
            for f in found:
                if f["severity"] == "error":
                    print(f"    {f['file']}:{f['line']}:{f['column']}: {f['message']} [{f['code']}]")
    if args.bless:
        COUNTS.parent.mkdir(parents=True, exist_ok=True)
        COUNTS.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
        return 0
    before = json.loads(COUNTS.read_text()) if COUNTS.is_file() else {}
    jumps = [
        f"{name}: {rule} went from {before.get(name, {}).get(rule, 0)} to {count}"
        for name, counts_now in table.items()
        for rule, count in counts_now.items()
        if count > before.get(name, {}).get(rule, 0) * JUMP + SLACK
    ]
    for jump in jumps:
        print(f"jump: {jump}")
    return 1 if jumps else 0


if __name__ == "__main__":
    sys.exit(main())
