"""`python -m tools.language_oracle [AREA…] [--seed N] [--count N] [--file FILE] [--show N]`: agreement by area."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.language_oracle import areas
from tools.language_oracle.oracle import Outcome, compare


def main(argv: Sequence[str] | None = None) -> int:
    """Print the agreement of each area and the first differences; 1 if there is a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.language_oracle", description=__doc__)
    parser.add_argument("area", nargs="*", help=f"one of {', '.join(areas.AREAS)} (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000, help="generated questions an area")
    parser.add_argument(
        "--file", type=Path, help="expressions of your own: a JSON object with source and env a line"
    )
    parser.add_argument("--show", type=int, default=20, help="differences to print an area")
    args = parser.parse_args(argv)
    names = args.area or ([] if args.file else list(areas.AREAS))
    unknown = [name for name in names if name not in areas.AREAS]
    if unknown:
        parser.error(f"no area {unknown[0]}; there are {', '.join(areas.AREAS)}")
    differs = False
    for name in names:
        differs |= report(name, compare(areas.AREAS[name](args.seed, args.count)), args.show)
    if args.file:
        differs |= report(str(args.file), compare(areas.from_file(args.file)), args.show)
    return 1 if differs else 0


def report(name: str, outcomes: Sequence[Outcome], show: int) -> bool:
    """Print one area; whether anything differs."""
    counts = Counter(outcome.equal for outcome in outcomes)
    total = max(len(outcomes), 1)
    values = sum(outcome.theirs[0] == "value" for outcome in outcomes)
    share = 100 * counts[True] / total
    print(f"{name}: {counts[True]} of {len(outcomes)} equal ({share:.2f} %); {values} have a value")
    for outcome in [one for one in outcomes if not one.equal][:show]:
        fields = outcome.question.fields
        print(f"  {fields['op']} {fields['source']!r}")
        print(f"    upstream {outcome.theirs[0]}: {str(outcome.theirs[1])[:200]}")
        print(f"    ours     {outcome.ours[0]}: {str(outcome.ours[1])[:200]}")
    return counts[False] > 0


if __name__ == "__main__":
    raise SystemExit(main())
