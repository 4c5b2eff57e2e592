"""What the tests stand on: the choice of combinations, and that no backend is forgotten."""

from itertools import combinations, product
from pathlib import Path

import pytest
from cases import BACKENDS, IN_USE, LEVELS, pairwise, running
from mutants import MUTANTS

import fastloss as fl


@pytest.mark.parametrize("sizes", [(1,), (3, 2), (1, 4, 1), (2,) * 10, (3,) * 4, (7, 5, 4, 3, 2), (13, 4, 4)])
def test_every_two_values_meet(sizes):
    rows = pairwise(*map(range, sizes))
    for i, size in enumerate(sizes):
        assert {row[i] for row in rows} == set(range(size))
    for i, j in combinations(range(len(sizes)), 2):
        assert {(row[i], row[j]) for row in rows} == set(product(range(sizes[i]), range(sizes[j])))
    most, next_most = sorted((1, *sizes), reverse=True)[:2]
    assert len(rows) <= 2 * most * next_most + 2, "no better than a product"


@pytest.mark.thread_unsafe
def test_backends():
    assert {*BACKENDS} == {IN_USE, "numpy"} <= {*LEVELS} == {*fl.show_config(mode="dicts")["backends_available"]}
    for level in LEVELS:
        with running(level):
            assert fl.show_config(mode="dicts")["backend"] == level
    assert fl.show_config(mode="dicts")["backend"] == IN_USE


def test_planted_mistakes_have_a_place():
    """Each is made of a text that its file has once, and is to be found by tests that there are."""
    root = Path(__file__).parent.parent
    assert not [m for m in MUTANTS if (root / m.file).read_text(encoding="utf-8").count(m.old) != 1]
    assert all((root / test).exists() for m in MUTANTS for test in m.tests if test.endswith(".py"))
