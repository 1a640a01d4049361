"""Lookups over the facts of all files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from argolint.model.k8s import CLUSTER_SCOPED, KUSTOMIZE_KINDS, Object
from argolint.model.workflow import Reference
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact, TemplateFact
from argolint.project.kustomize import Made, made
from argolint.suggest import nearest


class Index:
    """Every object of the project.

    Namespaces are matched as repositories use them: an object that does not say its namespace matches any, since
    kustomize or `argo submit -n` will give it one.
    """

    __slots__ = ("_by_kind", "_by_name", "_loader", "_made", "_names", "broken", "memo", "objects", "paths")

    def __init__(
        self,
        objects: Iterable[ObjectFact],
        paths: Iterable[str] = (),
        broken: Iterable[str] = (),
        loader: Callable[[ObjectFact], Object | None] | None = None,
    ) -> None:
        self.objects: list[ObjectFact] = list(objects)
        self.paths: list[str] = list(paths)
        # Files with a document that does not parse: what is missing may be in there.
        self.broken: list[str] = list(broken)
        # What analyses have worked out from all the facts, by a name of their own, so that it is done once a run.
        self.memo: dict[str, Any] = {}
        self._loader = loader
        self._made: Made | None = None
        self._by_kind: dict[str, list[ObjectFact]] = {}
        self._by_name: dict[tuple[str, str], list[ObjectFact]] = {}
        self._names: dict[tuple[str, str], list[str]] = {}
        for fact in self.objects:
            self._by_kind.setdefault(fact.kind, []).append(fact)
            if fact.name and not fact.embedded_in:
                self._by_name.setdefault((fact.kind, fact.name), []).append(fact)

    def of_kind(self, *kinds: str) -> Iterator[ObjectFact]:
        """All objects of these kinds, the ones embedded in Sensors included."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def find(self, kind: str, name: str, namespace: str = "") -> list[ObjectFact]:
        """The objects of that kind and name whose namespace agrees (see the class), as they are written or, when there is
        none, as kustomizations of the tree make them; [] when there is none.
        """
        found = self.written(kind, name, namespace)
        if found or not name:
            return found
        if self._made is None:
            self._made = made(self.objects) if any(self.of_kind(*KUSTOMIZE_KINDS)) else {}
        return _agreeing(self._made.get((kind, name), []), kind, namespace)

    def written(self, kind: str, name: str, namespace: str = "") -> list[ObjectFact]:
        """The objects that have that kind and name in a file, and whose namespace agrees; [] when there is none."""
        return _agreeing(self._by_name.get((kind, name), []), kind, namespace)

    def names(self, kind: str, namespace: str = "") -> list[str]:
        """The names of that kind's objects, sorted, for suggestions."""
        key = (kind, namespace)
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = sorted(
                {
                    fact.name
                    for fact in self._by_kind.get(kind, ())
                    if fact.name and (not namespace or not fact.namespace or fact.namespace == namespace)
                }
            )
        return found

    def referred(self, reference: Reference, namespace: str = "") -> list[ObjectFact]:
        """The objects that a templateRef or workflowTemplateRef names."""
        if not reference.object_name:
            return []
        return self.find(reference.object_kind, reference.object_name, namespace)

    def templates_of(
        self, kind: str, name: str, namespace: str = ""
    ) -> dict[str, tuple[ObjectFact, TemplateFact]]:
        """Template name -> (object, template) over all objects of that kind and name."""
        return {
            template.name: (fact, template)
            for fact in self.find(kind, name, namespace)
            for template in fact.templates
        }

    def template(self, reference: Reference, namespace: str = "") -> tuple[ObjectFact, TemplateFact] | None:
        """What a templateRef resolves to, with its signature; None when the tree does not have it."""
        known = self.referred(reference, namespace)
        if namespace and len(known) > 1:  # what says the namespace is meant rather than what says none
            known = sorted(known, key=lambda fact: fact.namespace != namespace)
        for fact in known:
            found = fact.template(reference.template_name)
            if found is not None:
                return fact, found
        return None

    def load(self, fact: ObjectFact) -> Object | None:
        """The object itself. Costs a parse of its file unless the file is being linted: narrow down by facts first."""
        return self._loader(fact) if self._loader is not None else None


def _agreeing(found: list[ObjectFact], kind: str, namespace: str) -> list[ObjectFact]:
    if not namespace or kind in CLUSTER_SCOPED:
        return found
    return [fact for fact in found if not fact.namespace or fact.namespace == namespace]


def is_literal(name: str) -> bool:
    """Whether a name is meant as it stands: neither a template tag nor a placeholder such as `<NAME>` or `${NAME}`."""
    return bool(name) and not any(char in name for char in "{}<>$%")


_PLACEHOLDER = lazy(r"\$\{[A-Za-z_][^}]*\}|\A<[A-Za-z_][^<>]*>\Z|\A\$[A-Z_][A-Z0-9_]*\Z")


def is_placeholder(value: object) -> bool:
    """Whether a value is a text that a tool fills in before the cluster sees it: `${NAME}`, `$NAME` or `<NAME>`."""
    return (
        isinstance(value, str) and ("$" in value or "<" in value) and _PLACEHOLDER.search(value) is not None
    )


# With more candidates than this, only those that share most with the name are compared letter by letter.
_FEW = 48


def suggest(name: str, candidates: Iterable[str]) -> str:
    """The candidate most like `name`, or "" when none is near enough."""
    pool = dict.fromkeys(candidates)
    pool.pop(name, None)
    pool.pop("", None)
    return _nearest(name[:_LONG], tuple(pool)) if pool else ""


_LONG = 200


@lru_cache(maxsize=1024)
def _nearest(name: str, pool: tuple[str, ...]) -> str:
    words = _words(pool)
    exact = words.folded.get(name.lower())
    if exact is not None:
        return exact
    return nearest(name, pool if len(pool) <= _FEW else words.near(name))


class _Words:
    """Candidates by the pairs of letters in them, so that few of many have to be compared with a name."""

    def __init__(self, pool: tuple[str, ...]) -> None:
        self.pool = pool
        self.folded = {word.lower(): word for word in pool}
        self.holders: dict[str, list[int]] = {}
        for number, word in enumerate(pool) if len(pool) > _FEW else ():
            for piece in _pieces(word):
                self.holders.setdefault(piece, []).append(number)

    def near(self, name: str) -> list[str]:
        """The candidates that share the most pieces with a name; those that few have say the most."""
        shared: Counter[int] = Counter()
        # Looking at so many at the most keeps a file of nothing but misspelt names from taking long.
        budget = 2000
        known = sorted((len(self.holders[piece]), piece) for piece in _pieces(name) if piece in self.holders)
        for _, piece in known:
            holders = self.holders[piece]
            shared.update(holders[:budget])
            budget -= len(holders)
            if budget <= 0:
                break
        return [self.pool[number] for number, _ in shared.most_common(12)]


def _pieces(word: str) -> set[str]:
    word = word[:_LONG].lower()
    return {*word, *(word[at : at + 2] for at in range(len(word) - 1))}


@lru_cache(maxsize=8)
def _words(pool: tuple[str, ...]) -> _Words:
    return _Words(pool)


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A help text for a name that is not known: a suggestion, or the names there are; "" when there are none."""
    known = list(candidates)
    near = suggest(name, known)
    if near:
        return f"did you mean `{near}`?"
    pool = sorted({one for one in known if one})
    if not pool:
        return ""
    shown = ", ".join(f"`{item}`" for item in pool[:8])
    return f"known names: {shown}" + (f" and {len(pool) - 8} more" if len(pool) > 8 else "")


Facts = list[tuple[Any, ...]]
