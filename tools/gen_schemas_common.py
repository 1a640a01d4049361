"""What the schema generators share: where the upstream files are, and how JSON is written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
SCHEMAS = REPO / "schemas"
SHARED = REPO.parent / "shared"

Json = Any


def read_json(path: Path) -> Json:
    """The JSON document in `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def compact(value: Json) -> bytes:
    """`value` as JSON without spaces, with a final newline."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def one_per_line(value: dict[str, Json]) -> bytes:
    """A mapping of mappings with one line an entry of the second level, so that diffs stay readable."""
    sections = []
    for name, section in value.items():
        if isinstance(section, dict) and section:
            lines = ",\n".join(f"{json.dumps(key)}:{_dump(item)}" for key, item in section.items())
            sections.append(f"{json.dumps(name)}:{{\n{lines}\n}}")
        else:
            sections.append(f"{json.dumps(name)}:{_dump(section)}")
    return ("{" + ",\n".join(sections) + "}\n").encode()


def gzipped(data: bytes) -> bytes:
    """`data` compressed, without a time stamp, so that equal input gives equal output."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def _dump(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
