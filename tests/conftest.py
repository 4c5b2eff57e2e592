"""One body of tests over the kernels in use and NumPy's; with --all-backends, over every level that this processor runs."""

import numpy as np
import pytest
from cases import BACKENDS, LEVELS, select

import fastloss as fl

select()


def pytest_addoption(parser):
    parser.addoption("--all-backends", action="store_true", help="run the whole of the tests on every backend")


@pytest.hookimpl(trylast=True)  # a test's backends follow one another, in one process that knows its truths
def pytest_generate_tests(metafunc):
    names = LEVELS if metafunc.config.getoption("--all-backends") else BACKENDS
    for fixture, chosen in (("backend", names), ("compiled", [name for name in names if name != "numpy"])):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, chosen, indirect=True)


@pytest.fixture
def backend(request):
    """The kernels that the test runs on."""
    select(request.param)
    yield request.param
    select()


@pytest.fixture
def compiled(request):
    """The same without NumPy, which has one thread and no tiles."""
    select(request.param)
    yield request.param
    select()


@pytest.fixture
def threads():
    """Gives the number of threads back at the end."""
    before = fl.get_num_threads()
    yield fl.set_num_threads
    fl.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)
