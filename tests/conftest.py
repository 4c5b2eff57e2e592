"""One body of tests over every backend that this processor runs."""

import numpy as np
import pytest

import fastloss as fl
from fastloss._core import backend as _backend

BACKENDS = list(_backend.available())
DEFAULT = fl.show_config(mode="dicts")["backend"]
_backend.select(DEFAULT)  # by its name: NumPy, where there is nothing else, is then chosen on purpose and does not warn


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The test runs once on each of the kernel modules."""
    _backend.select(request.param)
    yield request.param
    _backend.select(DEFAULT)


@pytest.fixture
def threads():
    """Gives the number of threads back at the end."""
    before = fl.get_num_threads()
    yield fl.set_num_threads
    fl.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)
