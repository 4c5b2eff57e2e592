"""The guide's table of conventions holds, for each library that is installed."""

import importlib.util
import subprocess
import sys

import conventions
import pytest


@pytest.mark.parametrize("peer", conventions.NEEDS)
def test_both_sides_of_every_line_agree(peer):
    for module in conventions.NEEDS[peer]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    done = subprocess.run([sys.executable, conventions.__file__, peer], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(conventions.lines_of(peer)) >= 4
