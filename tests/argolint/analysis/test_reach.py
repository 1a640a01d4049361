"""Ways in graphs, against the plain walk."""

from __future__ import annotations

import random

import pytest

from argolint.analysis.reach import Reach, circle, components


def walked(start: str, direct: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(direct.get(start, ()))
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo.extend(direct.get(one, ()))
    return seen


@pytest.mark.parametrize("seed", range(40))
def test_reach_is_what_a_walk_finds(seed: int) -> None:
    dice = random.Random(seed)
    names = [f"n{i}" for i in range(dice.randint(1, 12))]
    direct = {name: dice.choices([*names, "unknown"], k=dice.randint(0, 3)) for name in names}
    reach = Reach(direct)
    for name in names:
        found = walked(name, direct)
        assert {other for other in [*names, "unknown", "nowhere"] if reach.leads(name, other)} == found
        way = circle(name, direct, reach)
        assert bool(way) == (name in found)
        for one, other in zip(way, [*way[1:], name], strict=False):
            assert other in direct[one]
    assert sorted(name for part in components(direct) for name in part) == sorted(
        {*names, *(other for others in direct.values() for other in others)}
    )


def test_a_circle_is_the_shortest_one() -> None:
    direct = {"a": ["b", "c"], "b": ["c"], "c": ["a"]}
    assert circle("a", direct, Reach(direct)) == ["a", "c"]
    assert list(components(direct)) == [["c", "b", "a"]]


def test_a_chain_of_thousands() -> None:
    direct = {f"n{i}": [f"n{i + 1}"] for i in range(5000)}
    reach = Reach(direct)
    assert reach.leads("n0", "n5000")
    assert not reach.leads("n5000", "n0")
