"""Options of the benchmark suite."""

import pytest

from fastloss import get_num_threads, set_num_threads
from fastloss._core import backend as _backend


def pytest_addoption(parser):
    group = parser.getgroup("fastloss")
    group.addoption("--sizes", default="32,1000,65536,1000000,16777216", help="batch sizes, separated by commas")
    group.addoption("--dtypes", default="float32,float64", help="of float16, float32, float64")
    group.addoption("--backends", default="", help="kernels to measure (default: the best and numpy)")
    group.addoption("--threads", default="", help="numbers of threads, separated by commas (default: the usual one)")


def listed(config, option):
    return [x for x in config.getoption(option).split(",") if x]


def pytest_generate_tests(metafunc):
    config = metafunc.config
    choices = {
        "size": [int(x) for x in listed(config, "--sizes")],
        "dtype": listed(config, "--dtypes"),
        "backend": listed(config, "--backends") or [next(iter(_backend.available())), "numpy"],
        "threads": [int(x) for x in listed(config, "--threads")] or [get_num_threads()],
    }
    for name, values in choices.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, list(dict.fromkeys(values)), ids=lambda v, name=name: f"{name}={v}")


@pytest.fixture
def selected(backend, threads):
    """The kernels and the number of threads are in force during the test."""
    before = get_num_threads()
    _backend.select(backend)
    set_num_threads(threads)
    yield
    set_num_threads(before)
    _backend.select()
