"""What the walker reports: facts for a rule to word, never a message or an offset of its own."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal[
    "unknown-field",
    "wrong-case",
    "misplaced-field",
    "removed-field",
    "field-too-new",
    "wrong-type",
    "missing-field",
    "invalid-enum",
    "invalid-quantity",
    "single-dash-step",
    "refused-by-crd",
]


class Problem(NamedTuple):
    """One thing wrong with an object.

    `path` leads from the object's root to the value; `container` is the mapping or list that holds it and `key` the
    key or index in it, which is all a caller needs to find the span. For `missing-field` the container is the mapping
    that lacks the field `key`. `args` by kind:

    - unknown-field: `owner` (what the mapping is, in words), `instead` (what Argo has for a field of another kind, in words;
      only when that is known), `obsolete` (why a field that older releases had is needed no longer; only for such)
    - wrong-case: `right`
    - misplaced-field: `owner`, `places` (where it belongs, best first)
    - removed-field: `removed` (release), `replacement` (may be empty)
    - field-too-new: `since` (release)
    - wrong-type: `expected`, `found` (both in words), `why` (may be empty), `lossless` (replacement text or None)
    - missing-field: `owner`
    - invalid-enum: `value`, `allowed`
    - invalid-quantity: `value`
    - single-dash-step: nothing; the value is a step where a group (a list of steps) belongs
    - refused-by-crd: `reason`, `lossless` (replacement text or None): accepted by Argo's own decoder, refused by an
      API server that carries the full CRDs, which Argo installs since 4.0

    `suggestion` is the likeliest right name or constant, or empty.
    """

    kind: Kind
    path: tuple[str | int, ...]
    container: Any
    key: str | int
    args: dict[str, Any]
    suggestion: str = ""

    @property
    def where(self) -> str:
        """The path in upstream's notation: `spec.templates[0].steps[1][0].template`."""
        return dotted(self.path)


def dotted(path: tuple[str | int, ...]) -> str:
    """Path parts in upstream's notation."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif out:
            out += f".{part}"
        else:
            out = str(part)
    return out
