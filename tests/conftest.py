"""One body of tests over every backend that this processor runs."""

import numpy as np
import pytest

import fastloss as fl
from fastloss import _backend

BACKENDS = list(_backend.available())


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The test runs once on each of the kernel modules."""
    _backend.select(request.param)
    yield request.param
    _backend.select()


@pytest.fixture
def threads():
    """Gives the number of threads back at the end."""
    before = fl.get_num_threads()
    yield fl.set_num_threads
    fl.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)
