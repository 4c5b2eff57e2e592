"""Batches of more than 2^31 numbers: every index is 64 bits wide. Needs 9 GB and a minute: `python -m pytest -m large`."""

import math

import numpy as np
import pytest

import fastloss as fl

pytestmark = pytest.mark.large
MANY = 2**31 + 12_345


def marked(dtype):
    """MANY ones, and a 3 in the last place."""
    x = np.ones(MANY, dtype)
    x[-1] = 3
    return x


def test_contiguous():
    x = marked(np.float32)
    zero = np.broadcast_to(np.float32(0), x.shape)
    assert fl.mse(x, x) == 0.0
    assert fl.mse(x, zero, reduction="sum") == MANY + 8
    assert fl.huber.grad(x, x, out=x) is x
    assert x[0] == x[-1] == 0
    x[-1] = 5
    assert fl.mae(x, zero, reduction="sum") == 5


def test_sixteen_bits():
    x = marked(np.float16)
    one = np.broadcast_to(np.float16(1), x.shape)
    assert fl.mse(x, one, reduction="sum") == 4
    cost, slope = fl.mae.value_and_grad(x, one, reduction="sum", out=x)
    assert cost == 2
    assert slope[-1] == 1
    assert slope[-2] == 0


def test_without_memory():
    x = np.broadcast_to(np.float64(0.5), (MANY,))
    t = np.broadcast_to(np.int8(1), (MANY,))
    # 131,073 chunks are added one after the other, each addition rounded the same way.
    assert fl.binary_cross_entropy(x, t) == pytest.approx(math.log(2), rel=1e-11)


def test_where_the_bad_label_is():
    t = np.ones(MANY, np.int8)
    t[-2] = 0
    x = np.broadcast_to(np.float32(2), (MANY,))
    with pytest.raises(ValueError, match=rf"target\[{MANY - 2}\] is 0; target must be -1 or 1"):
        fl.hinge(x, t)


def test_many_rows():
    x = np.zeros((2**26, 2), np.float16)
    ids = np.zeros(2**26, np.uint8)
    assert fl.softmax_cross_entropy(x, ids) == pytest.approx(math.log(2), rel=1e-7)
    ids[-1] = 2
    with pytest.raises(ValueError, match=rf"target\[{2**26 - 1}\] is 2; class ids must be in \[0, 2\)"):
        fl.softmax_cross_entropy(x, ids)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_one_long_row(dtype):
    x = np.zeros((1, 2**26), dtype)
    cost, slope = fl.softmax_cross_entropy.value_and_grad(x, np.array([2**26 - 1]))
    assert cost == pytest.approx(26 * math.log(2), rel=1e-6)
    assert slope[0, -1] == pytest.approx(-1, rel=1e-3)
    assert slope[0, 0] == pytest.approx(2.0**-26, rel=1e-2, abs=6e-8)


def test_row_ids_beyond_31_bits():
    """One row of MANY classes, the last of them its own."""
    x = np.broadcast_to(np.float16(0), (1, MANY))
    cost = fl.softmax_cross_entropy(x, np.array([MANY - 1]))
    assert cost == pytest.approx(math.log(MANY), rel=1e-6)
