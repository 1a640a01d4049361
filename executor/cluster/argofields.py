"""The `fields` of argo-server's requests: which parts of the answer the client wants.

`a,b.c` keeps these and what is in them, `-a,b.c` drops them; `items.metadata` means that of every item. Upstream: util/fields/cleaner.go.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Fields(NamedTuple):
    """What is kept, or with `drop` what is left out; nothing named is everything."""

    paths: frozenset[str] = frozenset()
    drop: bool = False

    @property
    def everything(self) -> bool:
        """Whether nothing is taken away."""
        return not self.paths

    def clean(self, value: Any, path: str = "") -> Any:
        """A value without what is not wanted; `path` is where it stands."""
        if self.everything:
            return value
        if isinstance(value, list):
            return [self.clean(item, path) for item in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for key, item in value.items():
            place = f"{path}.{key}" if path else key
            if place in self.paths:
                if not self.drop:
                    found[key] = item
            elif self.drop or any(wanted.startswith(f"{place}.") for wanted in self.paths):
                found[key] = self.clean(item, place)
        return found


def fields_of(text: str, without: str = "") -> Fields:
    """The fields that a query names. Names that begin with `without` (`result.object.` in streams) are taken without it."""
    drop = text.startswith("-")
    names = (name.strip() for name in text.removeprefix("-").split(","))
    return Fields(frozenset(name.removeprefix(without) for name in names if name), drop)
