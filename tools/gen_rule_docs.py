"""Write one page a rule for the documentation site, and an index: `python -m tools.gen_rule_docs [FOLDER]` (default: build/docs/rules).

A page is the rule's own, with a table of facts below its title; markers in the examples become remarks that readers understand.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from argolint import registry
from argolint.rule import Rule

_MARKER = re.compile(r"# (error|warning|info): \[([A-Z]{3}\d{3})\]")
_FENCE = re.compile(r"^```yaml[^\n]*", re.MULTILINE)


def page(item: Rule) -> str:
    """A rule's page as Markdown for readers."""
    text = Path(registry.page_path(item)).read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    rest = _FENCE.sub("```yaml", rest).replace("```fix", "After the fix:\n\n```yaml")
    rest = _MARKER.sub(lambda match: f"# ← {match.group(1)}: {match.group(2)}", rest)
    facts = [
        f"`{item.code}` · `{item.name}`", f"**{item.severity}**", "on by default" if item.default else "off by default",
        f"{item.fix} fix" if item.fix else "no fix", f"since {item.since}",
    ]  # fmt: skip
    options = "".join(f"\n- option `{name}`, default `{value!r}`" for name, value in item.options)
    return f"{title}\n\n{' · '.join(facts)}\n{options}\n{rest}"


def index(rules: list[Rule]) -> str:
    """The list of all rules, family by family."""
    lines = ["# Rules", ""]
    for family in dict.fromkeys(item.family for item in rules):
        lines += [
            f"## {family}",
            "",
            "| code | name | severity | default | fix | catches |",
            "|---|---|---|---|---|---|",
        ]
        for item in rules:
            if item.family == family:
                lines.append(
                    f"| [{item.code}]({item.code.lower()}.md) | `{item.name}` | {item.severity} | {'on' if item.default else 'off'} | "
                    f"{item.fix or ''} | {item.summary.replace('|', chr(92) + '|')} |"
                )
        lines.append("")
    return "\n".join(lines)


def main(folder: str = "build/docs/rules") -> int:
    """Write the pages."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    rules = list(registry.load().values())
    for item in rules:
        (target / f"{item.code.lower()}.md").write_text(page(item), encoding="utf-8")
    (target / "index.md").write_text(index(rules), encoding="utf-8")
    print(f"wrote {len(rules)} pages to {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
